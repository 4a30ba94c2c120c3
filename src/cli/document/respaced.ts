/** A text with some blanks changed, and a function from its offsets to those of the original. */
export interface Respaced {
  text: string;
  /** Returns the offset in the original for an offset in `text`. */
  original(at: number): number;
}

export function unchanged(text: string): Respaced {
  return { text, original: (at) => at };
}

/**
 * Rewrites a document that kubectl reads into a form that the stricter parser reads as the same. Lines that
 * continue quotes or brackets are indented, tabs between tokens become blanks, and a comment gets a blank
 * before it.
 */
export function respaced(text: string): Respaced {
  const scanner = new Scanner(text);
  const insertions = scanner.insertions();
  const [tabless, pieces] = [withBlanks(text, scanner.tabs), [] as string[]];
  let last = 0;
  for (const { at, blanks } of insertions) {
    pieces.push(tabless.slice(last, at), ' '.repeat(blanks));
    last = at;
  }
  pieces.push(tabless.slice(last));
  return { text: pieces.join(''), original: (at) => originalOf(at, insertions) };
}

function withBlanks(text: string, places: readonly number[]): string {
  if (places.length === 0) return text;
  const characters = text.split('');
  for (const at of places) characters[at] = ' ';
  return characters.join('');
}

interface Insertion {
  at: number;
  blanks: number;
}

function originalOf(at: number, insertions: readonly Insertion[]): number {
  let added = 0;
  for (const insertion of insertions) {
    const start = insertion.at + added;
    if (at <= start) break;
    if (at <= start + insertion.blanks) return insertion.at;
    added += insertion.blanks;
  }
  return at - added;
}

const BLOCK_HEADER = /[|>][-+0-9]*[ \t]*(#[^\n]*)?(?=\n|$)/y;
const PROPERTY = /[&*!][^\s,[\]{}]*/y;
const MARK = /[-?:](?=[ \t\n]|$)/y;

class Scanner {
  readonly text: string;
  /** The offsets of the tabs that become blanks. */
  readonly tabs: number[] = [];
  readonly #found: Insertion[] = [];
  #at = 0;
  /** The number of open brackets. */
  #depth = 0;
  /** The indentation that a continued line needs. */
  #column = 0;
  /** The column of the key or the dash that a block scalar belongs to. */
  #owner = -1;

  constructor(text: string) {
    this.text = text;
  }

  insertions(): Insertion[] {
    while (this.#at < this.text.length) this.#token();
    return this.#found;
  }

  #token(): void {
    const character = this.text[this.#at]!;
    if (character === '\n') this.#newline();
    else if (character === ' ') this.#at += 1;
    else if (character === '\t') this.#tab();
    else if (character === '#') this.#comment();
    else if (character === '"' || character === "'") this.#quoted(character);
    else if (character === '[' || character === '{') this.#open();
    else if (character === ']' || character === '}' || (character === ',' && this.#depth > 0)) this.#close();
    else if (this.#depth === 0 && this.#skip(BLOCK_HEADER)) this.#blockScalar();
    else if (!this.#mark() && !this.#skip(PROPERTY)) this.#plain();
  }

  #newline(): void {
    this.#at += 1;
    if (this.#depth > 0) this.#indent(this.#column);
    else this.#owner = -1;
  }

  #indent(blanks: number): void {
    const rest = this.text.slice(this.#at, this.#at + 1);
    if (rest !== '\n' && rest !== '') this.#found.push({ at: this.#at, blanks });
  }

  /** Notes a tab. At the beginning of a line kubectl accepts one only within brackets. */
  #tab(): void {
    const start = this.#lineStart();
    const leads = this.text.slice(start, this.#at).trim() === '';
    if (!leads || this.#depth > 0) this.tabs.push(this.#at);
    this.#at += 1;
  }

  #comment(): void {
    if (/[^\s]/.test(this.text[this.#at - 1] ?? ' ')) this.#found.push({ at: this.#at, blanks: 1 });
    const end = this.text.indexOf('\n', this.#at);
    this.#at = end === -1 ? this.text.length : end;
  }

  #quoted(quote: string): void {
    const column = this.#depth > 0 ? this.#column : this.#at - this.#lineStart() + 1;
    this.#own();
    this.#at += 1;
    while (this.#at < this.text.length) {
      const character = this.text[this.#at]!;
      this.#at += character === '\\' && quote === '"' ? 2 : 1;
      if (character === quote && (quote === '"' || this.text[this.#at] !== quote)) break;
      if (character === quote) this.#at += 1;
      if (character === '\n') this.#indent(column);
    }
    this.#spaceBeforeComment();
  }

  #spaceBeforeComment(): void {
    if (this.text[this.#at] === '#') this.#comment();
  }

  #open(): void {
    if (this.#depth === 0) this.#column = this.#at - this.#lineStart() + 1;
    this.#own();
    this.#depth += 1;
    this.#at += 1;
  }

  #close(): void {
    if (this.text[this.#at] !== ',') this.#depth = Math.max(0, this.#depth - 1);
    this.#at += 1;
    this.#spaceBeforeComment();
  }

  #mark(): boolean {
    if (this.text[this.#at] !== ':') this.#own();
    return this.#skip(MARK);
  }

  /** Skips to the next `: `, ` #` or end of the line, and in brackets to the next comma or bracket. */
  #plain(): void {
    this.#own();
    const end = this.#depth > 0 ? /[,[\]{}\n]|:(?=[\s,[\]{}])|[ \t]#/g : /\n|:(?=[ \t\n]|$)|[ \t]#/g;
    end.lastIndex = this.#at + 1;
    const found = end.exec(this.text);
    this.#at = found === null ? this.text.length : found.index + (found[0].endsWith('#') ? 1 : 0);
  }

  /** Notes the column of a key or a dash, to which a block scalar may belong. */
  #own(): void {
    if (this.#depth > 0) return;
    const before = this.text.slice(this.#lineStart(), this.#at);
    if (/^[ ]*([-?][ \t]+)*$/.test(before)) this.#owner = before.length;
  }

  #blockScalar(): void {
    const owner = this.#owner;
    this.#at = Math.min(this.text.length, this.#at + 1);
    while (this.#at < this.text.length) {
      const end = this.text.indexOf('\n', this.#at);
      const line = this.text.slice(this.#at, end === -1 ? this.text.length : end);
      if (line.trim() !== '' && /^ */.exec(line)![0].length <= owner) break;
      this.#at = end === -1 ? this.text.length : end + 1;
    }
    this.#owner = -1;
  }

  #lineStart(): number {
    return this.text.lastIndexOf('\n', this.#at - 1) + 1;
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text);
    if (found === null) return false;
    this.#at += found[0].length;
    return true;
  }
}
