import { isAlias, isCollection, isPair, isScalar, type Node } from 'yaml';
import type { Entry } from '../entry.ts';
import type { Value } from '../value.ts';
import { renderScalar } from './render.ts';
import type { Style } from './style.ts';
import type { TextEdit } from './text-edits.ts';

/** The place of an insertion: after an item, or before one where no earlier item stays. */
export type Beside = { after: number } | { before: number };

/** The layout of the items of one collection in the text. It makes the edits that change them. */
export interface Layout {
  /** Returns the range of the text that `rewrite` replaces. */
  place(index: number): { start: number; end: number };
  /** Replaces the value of an item. */
  rewrite(index: number, value: Value): TextEdit;
  /** Removes an item. With `leading`, no item before it stays. */
  remove(index: number, leading: boolean): TextEdit;
  /** Inserts a value beside an item that stays. Entries of a map have a key. */
  insert(beside: Beside, value: Value, key?: string): TextEdit;
}

export function keyStart({ key }: Entry): number {
  return key.range![0];
}

/** Returns the beginning of a node with its anchor and its tag, which the library's range leaves out. */
export function nodeStart(node: Node, text: string): number {
  const [start] = node.range!;
  if (isAlias(node) || (node.anchor === undefined && node.tag === undefined)) return start;
  const properties = /(?:[&!][^\s,[\]{}]*\s+)+$/.exec(text.slice(Math.max(0, start - MAX_PROPERTIES), start));
  return start - (properties?.[0].length ?? 0);
}

/** The longest anchor and tag that are looked for. To search all text before each node would be slow. */
const MAX_PROPERTIES = 256;

/** Returns ` &name` for a node with an anchor, to be written before its replacement; else nothing. */
export function anchorOf(node: Node | null): string {
  return node && !isAlias(node) && node.anchor ? ` &${node.anchor}` : '';
}

/** Returns the end of an item, without the blanks, comments and blank lines that follow. */
export function contentEnd(item: Node | Entry): number {
  if (isPair(item)) {
    const { key, value } = item as Entry;
    return value?.range ? contentEnd(value) : key.range![1];
  }
  if (isCollection(item) && !item.flow && item.items.length > 0) {
    return contentEnd(item.items.at(-1) as Node | Entry);
  }
  return item.range![1];
}

/** Returns the edit that replaces one scalar by another; undefined where only a rewrite can. */
export function rescalar(node: Node | null, value: Value, style: Style): TextEdit | undefined {
  const isOne = typeof value !== 'object' && isScalar(node);
  // A tag that fits the old value need not fit the new one.
  if (!isOne || node.type?.startsWith('BLOCK') || node.tag !== undefined) return undefined;
  const [start, end] = node.range!;
  // An empty value has no blank after the colon, which a new value would need.
  if (start === end) return undefined;
  return { start, end, text: renderScalar(value, node, style) };
}
