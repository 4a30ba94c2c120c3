import { isAlias, isMap, type Node } from 'yaml';
import type { Entry } from './entry.ts';
import { blockLayout } from './layout-block.ts';
import { flowLayout } from './layout-flow.ts';
import { parse } from './parse.ts';
import { styleOf } from './style.ts';
import type { Path } from './value.ts';
import { nodeAt } from './written-at.ts';

/** The text of an entry as `edit` tells it of what it replaces; undefined where a merge key says it. */
export function pieceAt(body: string, path: Path): string | undefined {
  const parsed = parse(body.endsWith('\n') ? body : `${body}\n`);
  const { text, original } = parsed.respaced;
  const map: Node | null | undefined = nodeAt(parsed, path.slice(0, -1));
  if (isAlias(map) || !isMap(map)) return undefined;
  // Of the same key twice, the last counts.
  const index = (map.items as Entry[]).findLastIndex((entry) => parsed.nameOf(entry) === String(path.at(-1)));
  if (index === -1) return undefined;
  const layout = map.flow ? flowLayout(map, text, styleOf(parsed)) : blockLayout(map, text, styleOf(parsed));
  const { start, end } = layout.place(index);
  return body.slice(original(start), original(end));
}
