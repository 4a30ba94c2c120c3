/** Writes values as YAML in the ways that people, editors and generators do, and some that nobody should. */
import type { Random } from '../simulation/random.ts';

/** `raw` is written as it stands, unless it has several lines; texts get quotes where they need them. */
export type Written =
  | { map: [key: string, value: Written][]; anchor?: string }
  | { list: Written[]; anchor?: string }
  | { raw: string; anchor?: string }
  | { text: string; anchor?: string };

export function written(node: Written, random: Random): string {
  const lines = new Writer(random).block(node, 0);
  return `${lines.join('\n')}\n`;
}

/** Plain to every reader, in brackets too. */
const PLAIN = /^[a-z][a-z0-9./-]*$/;
const WORDS = /^(y|n|yes|no|on|off|true|false|null)$/;

class Writer {
  readonly #random: Random;
  /** How far the dashes of a list stand to the right of its key, in this document. */
  readonly #dashes: number;
  readonly #step: number;
  readonly #flows: number;

  constructor(random: Random) {
    this.#random = random;
    this.#dashes = random.chance(0.5) ? 0 : 2;
    this.#step = random.pick([2, 2, 2, 4, 1]);
    this.#flows = random.pick([0, 0, 0.1, 0.5]);
  }

  /** Lines at this indent, without it in the first. */
  block(node: Written, indent: number): string[] {
    if ('map' in node) return this.#blockMap(node.map, indent);
    if ('list' in node) return this.#blockList(node.list, indent);
    return [this.#scalar(node, indent)];
  }

  #blockMap(entries: [string, Written][], indent: number): string[] {
    const blanks = ' '.repeat(indent);
    return entries.flatMap(([key, value], index) => {
      const [first, ...rest] = this.#entry(this.#key(key), value, indent);
      const above = index === 0 ? [] : this.#comments(indent);
      return [...above, `${index === 0 ? '' : blanks}${first}`, ...rest];
    });
  }

  #entry(key: string, value: Written, indent: number): string[] {
    const random = this.#random;
    const anchor = value.anchor === undefined ? '' : ` &${value.anchor}`;
    if (this.#isLeaf(value) || random.chance(this.#flows)) {
      const inline = this.#inline(value, indent + 1);
      const blank = inline === '' && anchor === '' ? random.pick(['', ' ']) : random.pick([' ', ' ', '  ']);
      return [
        ...`${key}:${anchor}${blank}${inline}${this.#trailer()}`.split('\n'),
        ...this.#comments(indent + 1, 0.03),
      ];
    }
    const inner = 'list' in value ? indent + this.#dashes : indent + this.#step;
    const [first, ...rest] = this.block(value, inner);
    return [
      `${key}:${anchor}${this.#trailer()}`,
      ...this.#comments(inner, 0.05),
      ' '.repeat(inner) + first,
      ...rest,
    ];
  }

  #blockList(items: Written[], indent: number): string[] {
    const blanks = ' '.repeat(indent);
    return items.flatMap((item, index) => {
      const anchor = item.anchor === undefined ? '' : `&${item.anchor}`;
      const above = index === 0 ? [] : this.#comments(indent, 0.05);
      const lead = index === 0 ? '' : blanks;
      if (this.#isLeaf(item) || this.#random.chance(this.#flows)) {
        const inline = `- ${anchor}${anchor === '' ? '' : ' '}${this.#inline(item, indent + 1)}${this.#trailer()}`;
        return [...above, ...`${lead}${inline}`.split('\n')];
      }
      const [first, ...rest] = this.block(item, indent + 2);
      if (anchor !== '') return [...above, `${lead}- ${anchor}`, `${blanks}  ${first}`, ...rest];
      return [...above, `${lead}- ${first}`, ...rest];
    });
  }

  #isLeaf(node: Written): boolean {
    if ('map' in node) return node.map.length === 0;
    return 'list' in node ? node.list.length === 0 : true;
  }

  #inline(node: Written, indent: number): string {
    return 'map' in node || 'list' in node ? this.#flow(node, indent, false) : this.#scalar(node, indent);
  }

  #flow(node: Written, indent: number, withAnchor = true): string {
    const random = this.#random;
    const anchor = withAnchor && node.anchor !== undefined ? `&${node.anchor} ` : '';
    if ('raw' in node || 'text' in node) return anchor + this.#scalar(node, indent, true);
    const items =
      'map' in node
        ? node.map.map(([key, value]) => `${this.#key(key)}: ${this.#flow(value, indent)}`)
        : node.list.map((item) => this.#flow(item, indent));
    const [open, close] = 'map' in node ? ['{', '}'] : ['[', ']'];
    if (items.length === 0) return anchor + open + random.pick(['', '', ' ']) + close;
    const separator = random.pick([', ', ', ', ' , ', this.#flowBreak(indent)]);
    const inner = random.pick(['', '', ' ', separator.includes('\n') ? separator.slice(1) : '']);
    return `${anchor}${open}${inner}${items.join(separator)}${random.pick(['', '', inner])}${close}`;
  }

  #flowBreak(indent: number): string {
    const comment = this.#random.pick(['', '', '', ' # in brackets']);
    return `,${comment}\n${this.#random.pick([' '.repeat(indent + 1), ' '.repeat(indent + 3), '\t', '', ' \t '])}`;
  }

  #key(key: string): string {
    if (key === '<<') return key;
    if (!PLAIN.test(key) || WORDS.test(key)) return JSON.stringify(key);
    return this.#random.weighted<string>([
      [20, key],
      [1, `"${key}"`],
      [1, `'${key}'`],
    ]);
  }

  #scalar(node: { raw: string } | { text: string }, indent: number, flow = false): string {
    if ('raw' in node) return flow && node.raw === '' ? 'null' : node.raw;
    const { text } = node;
    const random = this.#random;
    const forms = [JSON.stringify(text), `'${text.replaceAll("'", "''")}'`];
    if (PLAIN.test(text) && !WORDS.test(text)) forms.push(text, text, text);
    const form = random.pick(forms);
    if (!text.includes(' ') || !/^["']/.test(form) || /\\|''/.test(form) || !random.chance(0.4)) return form;
    // One blank between words is one line break, wherever the next line begins.
    return form.replace(
      ' ',
      `\n${random.pick(['', ' ', ' '.repeat(indent + 1), '\t', `${' '.repeat(indent)}\t`])}`,
    );
  }

  #comments(indent: number, probability = 0.08): string[] {
    const random = this.#random;
    if (!random.chance(probability)) return [];
    return random.pick([
      [`${' '.repeat(indent)}# a: b`],
      ['# at the margin'],
      ['', `${' '.repeat(indent)}# after nothing`, ''],
      [`${' '.repeat(indent + 4)}# further in`],
      [''],
      [`#${' '.repeat(indent)}out: {c: 1}`],
    ]);
  }

  #trailer(): string {
    return this.#random.weighted([
      [20, ''],
      [1, ' # why'],
      [1, '  '],
      [1, '\t# tab'],
      [1, ' #'],
    ]);
  }
}
