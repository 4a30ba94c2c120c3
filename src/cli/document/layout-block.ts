import { type CST, isCollection, isMap, type Node, type YAMLMap, type YAMLSeq } from 'yaml';
import { contentEnd, type Entry, keyStart, type Layout } from './layout.ts';
import type { Value } from './value.ts';
import { column, lineStart, renderBlock, type Style } from './yaml.ts';

/** A collection whose items have lines of their own. */
export function blockLayout(node: YAMLMap | YAMLSeq, text: string, style: Style): Layout {
  return isMap(node) ? mapLayout(node, text, style) : seqLayout(node as YAMLSeq, text, style);
}

function mapLayout(node: YAMLMap, text: string, style: Style): Layout {
  const entries = node.items as Entry[];
  const margin = column(text, keyStart(entries[0]!));
  const line = (key: string, value: Value) => renderBlock({ [key]: value }, style, margin) + style.eol;
  return {
    rewrite(index, value) {
      const entry = entries[index]!;
      // The key stays as it is written.
      const [first, ...more] = line('k', value).split(style.eol);
      const lines = [first!.slice(1) + commentOf(text, entry), ...more];
      return { start: entry.key.range![1], end: linesEnd(text, entry), text: lines.join(style.eol) };
    },
    remove(index) {
      const entry = entries[index]!;
      const start = keyStart(entry);
      const next = entries[index + 1];
      // After a dash, the next entry moves up to it.
      if (!isFirstOfLine(text, start) && next) return { start, end: keyStart(next), text: '' };
      return { start: lineStart(text, start), end: linesEnd(text, entry), text: '' };
    },
    insert(_, value, key) {
      const end = linesEnd(text, node);
      return { start: end, end, text: ' '.repeat(margin) + line(key!, value) };
    },
  };
}

/** Beside its key, or its value when that is on the same line. */
function commentOf(text: string, { key, value }: Entry): string {
  const below = isCollection(value) && !value.flow;
  const from = below || !value?.range ? text.indexOf(':', key.range![1]) + 1 : value.range[1];
  return /^[ \t]+#[^\r\n]*/.exec(text.slice(from, from + text.slice(from).indexOf('\n')))?.[0] ?? '';
}

function seqLayout(node: YAMLSeq, text: string, style: Style): Layout {
  const items = node.items as Node[];
  const dashes = dashesOf(node);
  const margin = column(text, dashes[0]!);
  const line = (value: Value) => `- ${renderBlock(value, style, margin + 2)}${style.eol}`;
  return {
    rewrite: (index, value) => ({
      start: dashes[index]!,
      end: linesEnd(text, items[index]!),
      text: line(value),
    }),
    remove: (index) => ({
      start: lineStart(text, dashes[index]!),
      end: linesEnd(text, items[index]!),
      text: '',
    }),
    insert(beside, value) {
      const at =
        'after' in beside
          ? linesEnd(text, items[beside.after]!)
          : beforeComments(text, dashes[beside.before]!);
      return { start: at, end: at, text: ' '.repeat(margin) + line(value) };
    },
  };
}

function dashesOf({ srcToken }: YAMLSeq): number[] {
  const { items } = srcToken as CST.BlockSequence;
  // An item without a dash is a comment at the end.
  return items
    .flatMap(({ start }) => start.filter(({ type }) => type === 'seq-item-ind').slice(0, 1))
    .map(({ offset }) => offset);
}

/** The beginning of the line after the last one that an item fills; a block scalar ends there itself. */
function linesEnd(text: string, item: Node | Entry): number {
  const end = contentEnd(item);
  if (text[end - 1] === '\n') return end;
  return text.indexOf('\n', end) + 1;
}

function isFirstOfLine(text: string, at: number): boolean {
  return text.slice(lineStart(text, at), at).trim() === '';
}

/** The comments above an item are its own: what comes before it comes before them. */
function beforeComments(text: string, at: number): number {
  let start = lineStart(text, at);
  for (;;) {
    const previous = lineStart(text, start - 1);
    if (start === 0 || !/^(#.*)?$/.test(text.slice(previous, start).trim())) return start;
    start = previous;
  }
}
