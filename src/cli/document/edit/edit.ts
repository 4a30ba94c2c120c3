import { isDeepStrictEqual } from 'node:util';
import { type Alias, isAlias, isMap, isSeq, type Node, visit, type YAMLMap, type YAMLSeq } from 'yaml';
import { type Entry, isMerge } from '../entry.ts';
import { eolOf, type Parsed, parse } from '../parse.ts';
import { pointerOf, type Texts } from '../texts.ts';
import { Unreadable } from '../unreadable.ts';
import { type Fields, isFields, type Path, type Value } from '../value.ts';
import { align } from './align.ts';
import { type Layout, rescalar } from './layout.ts';
import { blockLayout } from './layout-block.ts';
import { flowLayout } from './layout-flow.ts';
import { render } from './render.ts';
import { type Style, styleOf } from './style.ts';
import { applyEdits, type TextEdit } from './text-edits.ts';

/** The error for a change that edits of this part of the text can not express. */
class Beyond extends Error {}

export interface Edited {
  body: string;
  /** False when the document was written anew, without its comments and anchors. */
  kept: boolean;
  /**
   * The texts that were replaced, by their path in the old value. `edit` puts them back when it gets them as
   * `restored`.
   */
  replaced: Texts;
}

/**
 * Changes a document to a new value and leaves the rest of its text as its author wrote it. `restored` has
 * texts, by their paths in the new value, that are used where they mean the same.
 */
export function edit(body: string, after: Value, restored: Texts = {}): Edited {
  const eol = eolOf(body);
  const ended = /[\n\r]$/.test(body);
  const text = ended ? body : body + eol;
  const parsed = parse(text);
  const wanted = Object.keys(restored).length > 0;
  if (!wanted && isDeepStrictEqual(parsed.value, after)) return { body, kept: true, replaced: {} };
  const edited =
    (wanted ? editedText(text, parsed, after, restored) : undefined) ?? editedText(text, parsed, after, {});
  const result = edited?.text ?? render(after, styleOf(parsed));
  return {
    body: ended ? result : result.slice(0, -eol.length),
    kept: edited !== undefined,
    replaced: edited?.replaced ?? {},
  };
}

/** Edits the text. Returns undefined unless the result has exactly the new value. */
function editedText(
  text: string,
  parsed: Parsed,
  after: Value,
  restored: Texts,
): { text: string; replaced: Texts } | undefined {
  const { original } = parsed.respaced;
  try {
    const { edits, replaced } = new Comparison(parsed, restored).compare(after);
    const moved = edits.map((one) => ({ ...one, start: original(one.start), end: original(one.end) }));
    const edited = applyEdits(text, moved);
    if (edited === undefined || !isDeepStrictEqual(parse(edited).value, after)) return undefined;
    const texts = replaced.map(({ path, place }) => [
      pointerOf(path),
      place === undefined ? null : text.slice(original(place.start), original(place.end)),
    ]);
    return { text: edited, replaced: Object.fromEntries(texts) };
  } catch (error) {
    if (error instanceof Beyond || error instanceof Unreadable) return undefined;
    throw error;
  }
}

type EditPlace = { start: number; end: number };

/**
 * The position of a node: the layout that can rewrite it whole, and its path in the old and in the new value.
 */
interface Slot {
  layout?: () => Layout;
  index: number;
  before: Path;
  after: Path;
}

/** Walks the tree of the text together with the two values, and notes an edit where they differ. */
class Comparison {
  readonly #parsed: Parsed;
  readonly #text: string;
  readonly #style: Style;
  readonly #restored: Texts;
  readonly #edits: TextEdit[] = [];
  /** The replaced parts. `place` is undefined where the value came from a merge key. */
  readonly #replaced: { path: Path; place: EditPlace | undefined }[] = [];
  /** The new value of each node that has an anchor. */
  readonly #anchored = new Map<Node, Value>();
  readonly #skipsEqual: boolean;

  constructor(parsed: Parsed, restored: Texts) {
    this.#parsed = parsed;
    this.#text = parsed.respaced.text;
    this.#style = styleOf(parsed);
    this.#restored = restored;
    // With aliases, equal parts can not be skipped: an alias may stand for a node that changes.
    this.#skipsEqual = !hasAliases(parsed.root) && Object.keys(restored).length === 0;
  }

  compare(after: Value) {
    const { root, value } = this.#parsed;
    this.#node(root, value, after, { index: 0, before: [], after: [] });
    return { edits: this.#edits, replaced: this.#replaced };
  }

  #node(node: Node | null, before: Value, after: Value, slot: Slot): void {
    if (!isAlias(node) && node?.anchor) this.#anchored.set(node, after);
    if (this.#skipsEqual && isDeepStrictEqual(before, after)) return;
    const [edits, replaced] = [this.#edits.length, this.#replaced.length];
    try {
      if (isAlias(node)) this.#alias(node, after, slot);
      else if (isMap(node) && isFields(before) && isFields(after)) this.#map(node, before, after, slot);
      else if (isSeq(node) && Array.isArray(before) && Array.isArray(after))
        this.#seq(node, before, after, slot);
      else this.#leaf(node, before, after, slot);
    } catch (error) {
      if (!(error instanceof Beyond) || slot.layout === undefined) throw error;
      // This part alone is written anew: its edits are taken back, and those around it stay.
      this.#edits.length = edits;
      this.#replaced.length = replaced;
      this.#rewrite(after, slot);
    }
  }

  #rewrite(after: Value, { layout, index, before }: Slot): void {
    if (layout === undefined) throw new Beyond();
    this.#edits.push(layout().rewrite(index, after));
    this.#replaced.push({ path: before, place: layout().place(index) });
  }

  #leaf(node: Node | null, before: Value, after: Value, slot: Slot): void {
    if (isDeepStrictEqual(before, after)) return;
    const edit = rescalar(node, after, this.#style);
    if (edit === undefined || slot.layout === undefined) {
      this.#rewrite(after, slot);
      return;
    }
    this.#edits.push(edit);
    this.#replaced.push({ path: slot.before, place: slot.layout().place(slot.index) });
  }

  #alias(node: Alias, after: Value, slot: Slot): void {
    if (!isDeepStrictEqual(this.#behind(node), after)) this.#rewrite(after, slot);
  }

  #behind(node: Alias): Value {
    const target = this.#parsed.target(node);
    return this.#anchored.has(target) ? this.#anchored.get(target)! : this.#parsed.of(target);
  }

  #map(node: YAMLMap, before: Fields, after: Fields, slot: Slot): void {
    const entries = node.items as Entry[];
    const layout = () => this.#layout(node);
    const { counts, inherited, repeated } = this.#sayings(entries);
    const isInherited = (key: string) => counts.get(key) === undefined && Object.hasOwn(inherited, key);
    const isGone = (key: string) => !Object.hasOwn(after, key) || this.#isUnsaid(key, inherited, after, slot);
    const gone = [...counts].filter(([key]) => isGone(key)).map(([, index]) => index);
    const added = Object.keys(after).filter(
      (key) => !counts.has(key) && !(isInherited(key) && isDeepStrictEqual(inherited[key], after[key])),
    );
    const hidden = [...counts.keys()].some((key) => !Object.hasOwn(after, key) && repeated.has(key));
    const unwanted = Object.keys(inherited).some((key) => isInherited(key) && !Object.hasOwn(after, key));
    if (hidden || unwanted || added.some((key) => repeated.has(key))) throw new Beyond();
    // There is no item left beside which another could be placed.
    if (gone.length === entries.length && (gone.length > 0 || added.length > 0)) throw new Beyond();
    let last = -1;
    for (const [index, entry] of entries.entries()) {
      if (gone.includes(index)) {
        this.#edits.push(layout().remove(index, last === -1));
        continue;
      }
      last = index;
      const key = isMerge(entry) ? undefined : this.#parsed.nameOf(entry);
      if (key === undefined || counts.get(key) !== index) continue;
      this.#child(entry.value, before[key]!, after[key]!, below(slot, layout, index, key, key));
    }
    for (const key of added) {
      this.#edits.push(layout().insert({ after: last }, after[key]!, key));
      if (isInherited(key)) this.#replaced.push({ path: [...slot.before, key], place: undefined });
    }
  }

  /** Tells whether the key is to come from the merge key again. */
  #isUnsaid(key: string, inherited: Fields, after: Fields, slot: Slot): boolean {
    const restored = this.#restored[pointerOf([...slot.after, key])];
    return restored === null && isDeepStrictEqual(inherited[key], after[key]);
  }

  /**
   * Returns which entry counts for each key, the values from merge keys, and the keys that occur more than
   * once. As in Go's yaml.v2, a merge key counts over the entries above it.
   */
  #sayings(entries: readonly Entry[]) {
    const counts = new Map<string, number>();
    const inherited: Fields = {};
    const repeated = new Set<string>();
    for (const [index, entry] of entries.entries()) {
      if (!isMerge(entry)) {
        const key = this.#parsed.nameOf(entry);
        if (counts.has(key)) repeated.add(key);
        counts.set(key, index);
        continue;
      }
      for (const [key, value] of Object.entries(this.#merged(entry.value))) {
        if (counts.delete(key)) repeated.add(key);
        inherited[key] = value;
      }
    }
    return { counts, inherited, repeated };
  }

  #merged(node: Node | null): Fields {
    const sources = isSeq(node) ? (node.items as Node[]).toReversed() : [node];
    const values = sources.map((source) =>
      isAlias(source) ? this.#behind(source) : this.#parsed.of(source as Node | null),
    );
    return Object.assign({}, ...values) as Fields;
  }

  #seq(node: YAMLSeq, before: Value[], after: Value[], slot: Slot): void {
    const items = node.items as Node[];
    const steps = align(before, after);
    const first = steps.find((step) => step.kind === 'keep');
    // There is no entry to put it beside.
    if (first === undefined) {
      if (steps.length > 0) throw new Beyond();
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
        const slotBelow = below(slot, layout, step.before, step.before, step.after);
        this.#child(items[step.before]!, before[step.before]!, after[step.after]!, slotBelow);
      }
    }
  }

  #child(node: Node | null, before: Value, after: Value, slot: Slot): void {
    const text = this.#restored[pointerOf(slot.after)];
    if (typeof text !== 'string') {
      this.#node(node, before, after, slot);
      return;
    }
    if (!isAlias(node) && node?.anchor) this.#anchored.set(node, after);
    this.#edits.push({ ...slot.layout!().place(slot.index), text });
  }

  #layout(node: YAMLMap | YAMLSeq): Layout {
    return node.flow ? flowLayout(node, this.#text, this.#style) : blockLayout(node, this.#text, this.#style);
  }
}

function below(
  { before, after }: Slot,
  layout: () => Layout,
  index: number,
  old: string | number,
  now: string | number,
): Slot {
  return { layout, index, before: [...before, old], after: [...after, now] };
}

function hasAliases(root: Node | null): boolean {
  let found = false;
  visit(root, {
    Alias() {
      found = true;
      return visit.BREAK;
    },
  });
  return found;
}
