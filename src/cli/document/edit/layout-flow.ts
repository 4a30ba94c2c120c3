import { isMap, type Node, type YAMLMap, type YAMLSeq } from 'yaml';
import type { Entry } from '../entry.ts';
import type { Value } from '../value.ts';
import { anchorOf, contentEnd, keyStart, type Layout, nodeStart } from './layout.ts';
import { renderFlow } from './render.ts';
import { lineStart, type Style } from './style.ts';

/** Makes the layout of a collection in brackets. All collections of JSON are such. */
export function flowLayout(node: YAMLMap | YAMLSeq, text: string, style: Style): Layout {
  const items = node.items as (Entry | Node)[];
  const starts = items.map((item) => (isMap(node) ? keyStart(item as Entry) : nodeStart(item as Node, text)));
  const ends = items.map(contentEnd);
  const margin = marginOf(text, starts[0]!);
  const blank = style.compact ? '' : ' ';
  const separator = `,${margin === undefined ? blank : style.eol + margin}`;
  const item = (value: Value, key?: string) => {
    if (key === undefined) return renderFlow(value, style, margin);
    return `${renderFlow(key, style)}:${blank}${renderFlow(value, style, margin)}`;
  };
  const place = (index: number) => ({ start: starts[index]!, end: ends[index]! });
  return {
    place,
    rewrite(index, value) {
      const after = item(value);
      if (!isMap(node)) return { ...place(index), text: after };
      // The key stays as it is written.
      const { key, value: old } = items[index] as Entry;
      const head = `${text.slice(starts[index], key.range![1])}:${anchorOf(old)}`;
      return { ...place(index), text: `${head}${head.endsWith(':') ? blank : ' '}${after}` };
    },
    // The comma is removed too: the one after the item when no item before it stays, else the one before it.
    remove: (index, leading) =>
      leading
        ? { start: starts[index]!, end: starts[index + 1]!, text: '' }
        : { start: ends[index - 1]!, end: ends[index]!, text: '' },
    insert(beside, value, key) {
      if ('before' in beside) {
        const at = starts[beside.before]!;
        return { start: at, end: at, text: item(value, key) + separator };
      }
      const at = ends[beside.after]!;
      return { start: at, end: at, text: separator + item(value, key) };
    },
  };
}

/** Returns the indentation of an item that begins a line. */
function marginOf(text: string, at: number): string | undefined {
  const before = text.slice(lineStart(text, at), at);
  return /^[ \t]+$/.test(before) ? before : undefined;
}
