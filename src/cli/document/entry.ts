import { isScalar, type Node, type Pair, type Scalar } from 'yaml';

/** An entry of a map: a key with its value. */
export type Entry = Pair<Scalar, Node | null>;

const MERGE_TAG = 'tag:yaml.org,2002:merge';

/** Tells whether an entry is a merge key, as in `<<: *other`. In quotes it is a key like all others. */
export function isMerge({ key }: Entry): boolean {
  if (!isScalar(key) || key.value !== '<<') return false;
  return key.tag === MERGE_TAG || (key.type === 'PLAIN' && key.tag === undefined);
}
