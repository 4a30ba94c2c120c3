import { isAlias, isMap, isScalar, isSeq, type Node } from 'yaml';
import type { Entry } from './entry.ts';
import { type Parsed, parse } from './parse.ts';
import type { Path } from './value.ts';

/** The scalar at this path of a document, as its author wrote it; undefined where there is none. */
export function writtenAt(body: string, path: Path): string | undefined {
  const parsed = parse(body);
  const { text } = parsed.respaced;
  const scalar = nodeAt(parsed, path);
  return isScalar(scalar) ? text.slice(scalar.range![0], scalar.range![1]) : undefined;
}

/** The node at a path, behind its alias. */
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
  // Of the same key twice, the last counts.
  return (here.items as Entry[]).findLast((entry) => parsed.nameOf(entry) === String(step))?.value;
}

function resolved(parsed: Parsed, node: Node | null | undefined): Node | null | undefined {
  return isAlias(node) ? parsed.target(node) : node;
}
