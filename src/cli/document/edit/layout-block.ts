import { type CST, isCollection, isMap, type Node, type YAMLMap, type YAMLSeq } from 'yaml';
import type { Entry } from '../entry.ts';
import type { Value } from '../value.ts';
import { anchorOf, contentEnd, keyStart, type Layout } from './layout.ts';
import { renderBlock } from './render.ts';
import { column, lineStart, type Style } from './style.ts';

/** Makes the layout of a collection whose items have lines of their own. */
export function blockLayout(node: YAMLMap | YAMLSeq, text: string, style: Style): Layout {
  return isMap(node) ? mapLayout(node, text, style) : seqLayout(node as YAMLSeq, text, style);
}

function mapLayout(node: YAMLMap, text: string, style: Style): Layout {
  const entries = node.items as Entry[];
  // A key may have a question mark in front of it.
  const margin = Math.min(column(text, node.range![0]), column(text, keyStart(entries[0]!)));
  const line = (key: string, value: Value) => renderBlock({ [key]: value }, style, margin) + style.eol;
  const place = (index: number) => {
    const entry = entries[index]!;
    const end = linesEnd(text, entry);
    // Comments below a key without a value belong to the value.
    return { start: keyEnd(entry), end: isEmpty(entry) ? commentsEnd(text, end, margin + 1) : end };
  };
  return {
    place,
    rewrite(index, value) {
      const { start, end } = place(index);
      const entry = entries[index]!;
      // The key stays as it is written.
      const [first, ...more] = line('k', value).split(style.eol);
      const head = `:${anchorOf(entry.value)}${first!.slice(2)}`;
      const [own, below] = commentsOf(text, entry, end);
      return { start, end, text: head + own + style.eol + below + more.join(style.eol) };
    },
    remove(index) {
      const entry = entries[index]!;
      const start = keyStart(entry);
      const next = entries[index + 1];
      // After a dash, the next entry moves up to the dash.
      if (!isFirstOfLine(text, start) && next) return { start, end: keyStart(next), text: '' };
      return { start: lineStart(text, start), end: linesEnd(text, entry), text: '' };
    },
    insert(_, value, key) {
      const { value: last } = entries.at(-1)!;
      const isDeep = isCollection(last) && !last.flow;
      const end = isDeep ? commentsEnd(text, linesEnd(text, node), margin) : linesEnd(text, node);
      return { start: end, end, text: ' '.repeat(margin) + line(key!, value) };
    },
  };
}

function keyEnd({ key }: Entry): number {
  return key.range![1];
}

function isEmpty({ value }: Entry): boolean {
  return !value?.range || (value.range[0] === value.range[1] && !isCollection(value));
}

/**
 * Returns the comment beside a key, or beside its value when that is on the same line; and for an empty value
 * the comments below.
 */
function commentsOf(text: string, entry: Entry, end: number): [own: string, below: string] {
  const { value } = entry;
  const below = isCollection(value) && !value.flow;
  const from = below || !value?.range ? text.indexOf(':', keyEnd(entry)) + 1 : value.range[1];
  const lineEnd = text.indexOf('\n', from);
  const own = /^[ \t]+#[^\r\n]*/.exec(text.slice(from, lineEnd))?.[0] ?? '';
  return [own, isEmpty(entry) ? text.slice(lineEnd + 1, end) : ''];
}

function seqLayout(node: YAMLSeq, text: string, style: Style): Layout {
  const items = node.items as Node[];
  const dashes = dashesOf(node);
  const margin = column(text, dashes[0]!);
  const line = (value: Value) => `- ${renderBlock(value, style, margin + 2)}${style.eol}`;
  const place = (index: number) => ({ start: dashes[index]!, end: linesEnd(text, items[index]!) });
  return {
    place,
    rewrite: (index, value) => ({ ...place(index), text: line(value) }),
    remove: (index) => ({
      start: lineStart(text, dashes[index]!),
      end: linesEnd(text, items[index]!),
      text: '',
    }),
    insert(beside, value) {
      const at =
        'after' in beside
          ? commentsEnd(text, linesEnd(text, items[beside.after]!), margin + 1)
          : beforeComments(text, dashes[beside.before]!);
      return { start: at, end: at, text: ' '.repeat(margin) + line(value) };
    },
  };
}

function dashesOf({ srcToken }: YAMLSeq): number[] {
  const { items } = srcToken as CST.BlockSequence;
  // The parser has an item without a dash for a comment at the end.
  return items
    .flatMap(({ start }) => start.filter(({ type }) => type === 'seq-item-ind').slice(0, 1))
    .map(({ offset }) => offset);
}

/** Returns the beginning of the line after an item. A block scalar ends there itself. */
function linesEnd(text: string, item: Node | Entry): number {
  const end = contentEnd(item);
  if (text[end - 1] === '\n') return end;
  return text.indexOf('\n', end) + 1;
}

function isFirstOfLine(text: string, at: number): boolean {
  return text.slice(lineStart(text, at), at).trim() === '';
}

/**
 * Returns the beginning of the comments above an item. They belong to the item, so that an insertion goes
 * before them.
 */
function beforeComments(text: string, at: number): number {
  let start = lineStart(text, at);
  for (;;) {
    const previous = lineStart(text, start - 1);
    if (start === 0 || !/^(#.*)?$/.test(text.slice(previous, start).trim())) return start;
    start = previous;
  }
}

/**
 * Returns the end of the comments after `at` that belong to the item above: those in this column or further
 * in, and those whose text would be there without the `#`.
 */
function commentsEnd(text: string, at: number, margin: number): number {
  let end = at;
  for (let start = at; start < text.length; ) {
    const next = text.indexOf('\n', start) + 1 || text.length;
    const line = text.slice(start, next).trimEnd();
    const [, indent, inner] = /^([ \t]*)#([ \t]*)/.exec(line) ?? [];
    if (line !== '' && indent === undefined) break;
    const isOut = indent === '' && inner!.length > 1;
    if (line !== '' && indent!.length + (isOut ? inner!.length : 0) < margin) break;
    if (line !== '') end = next;
    start = next;
  }
  return end;
}
