import { isAlias, isMap, type Node } from 'yaml';
import type { Entry } from '../entry.ts';
import { parse } from '../parse.ts';
import type { Path } from '../value.ts';
import { blockLayout } from './layout-block.ts';
import { flowLayout } from './layout-flow.ts';
import { styleOf } from './style.ts';
import { nodeAt } from './written-at.ts';

/**
 * Returns the text of an entry in the form in which `edit` tells what it replaces; undefined where it comes
 * from a merge key.
 */
export function pieceAt(body: string, path: Path): string | undefined {
  const parsed = parse(body.endsWith('\n') ? body : `${body}\n`);
  const { text, original } = parsed.respaced;
  const map: Node | null | undefined = nodeAt(parsed, path.slice(0, -1));
  if (isAlias(map) || !isMap(map)) return undefined;
  // When a key occurs twice, the last one counts.
  const index = (map.items as Entry[]).findLastIndex((entry) => parsed.nameOf(entry) === String(path.at(-1)));
  if (index === -1) return undefined;
  const layout = map.flow ? flowLayout(map, text, styleOf(parsed)) : blockLayout(map, text, styleOf(parsed));
  const { start, end } = layout.place(index);
  return body.slice(original(start), original(end));
}
