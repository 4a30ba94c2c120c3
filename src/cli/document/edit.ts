import { isDeepStrictEqual } from 'node:util';
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isSeq,
  type Node,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { align } from './align.ts';
import { type Entry, isMerge, type Layout, nameOf, rescalar } from './layout.ts';
import { blockLayout } from './layout-block.ts';
import { flowLayout } from './layout-flow.ts';
import { applyEdits, type TextEdit } from './text-edits.ts';
import { type Fields, isFields, type Value } from './value.ts';
import { parse, render, type Style, styleOf, Unreadable } from './yaml.ts';

/** This change can't be said by edits of the text. */
class Beyond extends Error {}

/**
 * Brings a document to a new value and leaves the rest of its text as its author wrote it. `kept` is
 * false when that can't be done, and all of it is written anew, without its comments and anchors.
 */
export function edit(body: string, after: Value): { body: string; kept: boolean } {
  const eol = body.includes('\r\n') ? '\r\n' : '\n';
  const ended = body.endsWith('\n');
  const text = ended ? body : body + eol;
  const { document, value: before } = parse(text);
  if (isDeepStrictEqual(before, after)) return { body, kept: true };
  const style = styleOf(document, text);
  const edited = editedText(document, text, style, before, after);
  const result = edited ?? render(after, style);
  return { body: ended ? result : result.slice(0, -eol.length), kept: edited !== undefined };
}

/** Undefined unless the text that comes out says just what it should. */
function editedText(document: Document, text: string, style: Style, before: Value, after: Value) {
  try {
    const edits = new Comparison(document, text, style).edits(before, after);
    const edited = applyEdits(text, edits);
    return edited !== undefined && isDeepStrictEqual(parse(edited).value, after) ? edited : undefined;
  } catch (error) {
    if (error instanceof Beyond || error instanceof Unreadable) return undefined;
    throw error;
  }
}

/** Walks the tree of the text beside the two values, and notes an edit wherever they part. */
class Comparison {
  readonly #document: Document;
  readonly #text: string;
  readonly #style: Style;
  readonly #edits: TextEdit[] = [];
  /** What stands behind an anchor when all is done. */
  readonly #anchored = new Map<Node, Value>();
  readonly #hasAliases: boolean;

  constructor(document: Document, text: string, style: Style) {
    this.#document = document;
    this.#text = text;
    this.#style = style;
    let found = false;
    visit(document, {
      Alias() {
        found = true;
        return visit.BREAK;
      },
    });
    this.#hasAliases = found;
  }

  edits(before: Value, after: Value): TextEdit[] {
    this.#node(this.#document.contents as Node, before, after, () => {
      throw new Beyond();
    });
    return this.#edits;
  }

  /** `rewrite` puts the whole new value in the place of the node. */
  #node(node: Node | null, before: Value, after: Value, rewrite: () => TextEdit): void {
    if (isAlias(node)) {
      this.#alias(node, after, rewrite);
      return;
    }
    if (node?.anchor) this.#anchored.set(node, after);
    // Where nothing changes, an alias may still stand for something that does.
    if (!this.#hasAliases && isDeepStrictEqual(before, after)) return;
    if (isMap(node) && isFields(before) && isFields(after)) this.#map(node, before, after, rewrite);
    else if (isSeq(node) && Array.isArray(before) && Array.isArray(after))
      this.#seq(node, before, after, rewrite);
    else this.#leaf(node, before, after, rewrite);
  }

  #leaf(node: Node | null, before: Value, after: Value, rewrite: () => TextEdit): void {
    if (isDeepStrictEqual(before, after)) return;
    this.#edits.push(rescalar(node, after, this.#style) ?? rewrite());
  }

  #alias(node: Alias, after: Value, rewrite: () => TextEdit): void {
    if (!isDeepStrictEqual(this.#behind(node), after)) this.#edits.push(rewrite());
  }

  #behind(node: Alias): Value {
    const source = node.resolve(this.#document) as Node;
    return this.#anchored.get(source) ?? (source.toJS(this.#document) as Value);
  }

  #map(node: YAMLMap, before: Fields, after: Fields, rewrite: () => TextEdit): void {
    const entries = node.items as Entry[];
    const inherited = this.#inherited(entries);
    const own = entries.filter((entry) => !isMerge(entry));
    const layout = () => this.#layout(node);
    const names = new Set(own.map(nameOf));
    const gone = own.filter((entry) => !Object.hasOwn(after, nameOf(entry)));
    const hidden = gone.some((entry) => Object.hasOwn(inherited, nameOf(entry)));
    const unwanted = Object.keys(inherited).some((key) => !names.has(key) && !Object.hasOwn(after, key));
    if (hidden || unwanted) throw new Beyond();
    const added = Object.keys(after).filter(
      (key) => !names.has(key) && !isDeepStrictEqual(inherited[key], after[key]),
    );
    // Nothing to stand beside.
    if (gone.length === entries.length && (gone.length > 0 || added.length > 0)) {
      this.#edits.push(rewrite());
      return;
    }
    let last = -1;
    for (const [index, entry] of entries.entries()) {
      const key = nameOf(entry);
      if (gone.includes(entry)) {
        this.#edits.push(layout().remove(index, last === -1));
        continue;
      }
      last = index;
      if (isMerge(entry)) continue;
      this.#node(entry.value, before[key]!, after[key]!, () => layout().rewrite(index, after[key]!));
    }
    for (const key of added) this.#edits.push(layout().insert({ after: last }, after[key]!, key));
  }

  /** What merge keys bring in. */
  #inherited(entries: readonly Entry[]): Fields {
    const fields: Fields = {};
    const sources = entries
      .filter(isMerge)
      .flatMap(({ value }) => (isSeq(value) ? (value.items as Node[]) : [value]));
    for (const source of sources) {
      const value = isAlias(source) ? this.#behind(source) : (source?.toJS(this.#document) as Value);
      if (!isFields(value)) throw new Beyond();
      for (const [key, one] of Object.entries(value)) fields[key] ??= one;
    }
    return fields;
  }

  #seq(node: YAMLSeq, before: Value[], after: Value[], rewrite: () => TextEdit): void {
    const items = node.items as Node[];
    const steps = align(before, after);
    const first = steps.find((step) => step.kind === 'keep');
    // Nothing to stand beside.
    if (first === undefined) {
      if (steps.length > 0) this.#edits.push(rewrite());
      return;
    }
    const layout = () => this.#layout(node);
    let last = -1;
    for (const step of steps) {
      if (step.kind === 'insert') {
        const beside = last === -1 ? { before: first.before } : { after: last };
        this.#edits.push(layout().insert(beside, after[step.after]!));
      } else if (step.kind === 'remove') this.#edits.push(layout().remove(step.before, last === -1));
      else {
        last = step.before;
        const now = after[step.after]!;
        this.#node(items[step.before]!, before[step.before]!, now, () => layout().rewrite(step.before, now));
      }
    }
  }

  #layout(node: YAMLMap | YAMLSeq): Layout {
    return node.flow ? flowLayout(node, this.#text, this.#style) : blockLayout(node, this.#text, this.#style);
  }
}
