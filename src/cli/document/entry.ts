import { isScalar, type Node, type Pair, type Scalar } from 'yaml';

/** A key with its value. */
export type Entry = Pair<Scalar, Node | null>;

const MERGE_TAG = 'tag:yaml.org,2002:merge';

/** `<<: *other`; in quotes it is a key like any other. */
export function isMerge({ key }: Entry): boolean {
  if (!isScalar(key) || key.value !== '<<') return false;
  return key.tag === MERGE_TAG || (key.type === 'PLAIN' && key.tag === undefined);
}
