import { isAlias, isCollection, isPair, isScalar, type Node } from 'yaml';
import type { Entry } from './entry.ts';
import { renderScalar } from './render.ts';
import type { Style } from './style.ts';
import type { TextEdit } from './text-edits.ts';
import type { Value } from './value.ts';

/** After an item, or, where none stays before the place, in front of one. */
export type Beside = { after: number } | { before: number };

/** How the items of one collection stand in the text, and so what edit does what to them. */
export interface Layout {
  /** The piece of text that `rewrite` replaces. */
  place(index: number): { start: number; end: number };
  /** Puts another value in the place of an item's. */
  rewrite(index: number, value: Value): TextEdit;
  /** `leading`: nothing of what stands before it stays. */
  remove(index: number, leading: boolean): TextEdit;
  /** Beside an item that stays. Entries of a map have a key. */
  insert(beside: Beside, value: Value, key?: string): TextEdit;
}

export function keyStart({ key }: Entry): number {
  return key.range![0];
}

/** Where a node begins, with its anchor and its tag, which the library's range leaves out. */
export function nodeStart(node: Node, text: string): number {
  const [start] = node.range!;
  if (isAlias(node) || (node.anchor === undefined && node.tag === undefined)) return start;
  const properties = /(?:[&!][^\s,[\]{}]*\s+)+$/.exec(text.slice(Math.max(0, start - MAX_PROPERTIES), start));
  return start - (properties?.[0].length ?? 0);
}

/** Longer than anybody's anchor and tag; to search all of the text before each node would be slow. */
const MAX_PROPERTIES = 256;

/** ` &name` of a node that has one, to be written in front of what takes its place. */
export function anchorOf(node: Node | null): string {
  return node && !isAlias(node) && node.anchor ? ` &${node.anchor}` : '';
}

/** Where an item ends, without the blanks, comments and blank lines that follow. */
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

/** One scalar in the place of another. */
export function rescalar(node: Node | null, value: Value, style: Style): TextEdit | undefined {
  const isOne = typeof value !== 'object' && isScalar(node);
  // What another tag says of the old value need not hold of the new one.
  if (!isOne || node.type?.startsWith('BLOCK') || node.tag !== undefined) return undefined;
  const [start, end] = node.range!;
  // The nothing after a colon needs a blank before it.
  if (start === end) return undefined;
  return { start, end, text: renderScalar(value, node, style) };
}
