import { isAlias, isMap, isScalar, isSeq, type Node } from 'yaml';
import type { Entry } from '../entry.ts';
import { type Parsed, parse } from '../parse.ts';
import type { Path } from '../value.ts';

/** Returns the scalar at this path of a document as its author wrote it; undefined where there is none. */
export function writtenAt(body: string, path: Path): string | undefined {
  const parsed = parse(body);
  const { text } = parsed.respaced;
  const scalar = nodeAt(parsed, path);
  return isScalar(scalar) ? text.slice(scalar.range![0], scalar.range![1]) : undefined;
}

/** Returns the node at a path. An alias is followed. */
export function nodeAt(parsed: Parsed, path: Path): Node | null | undefined {
  let node: Node | null | undefined = parsed.root;
  for (const step of path) node = below(parsed, node, step);
  return resolved(parsed, node);
}

function below(
  parsed: Parsed,
  node: Node | null | undefined,
  step: string | number,
): Node | null | undefined {
  const here = resolved(parsed, node);
  if (isSeq(here)) return here.items[Number(step)] as Node | undefined;
  if (!isMap(here)) return undefined;
  // When a key occurs twice, the last one counts.
  return (here.items as Entry[]).findLast((entry) => parsed.nameOf(entry) === String(step))?.value;
}

function resolved(parsed: Parsed, node: Node | null | undefined): Node | null | undefined {
  return isAlias(node) ? parsed.target(node) : node;
}
