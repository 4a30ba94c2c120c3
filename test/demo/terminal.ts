/**
 * The look of the demo: plain ASCII everywhere, colour only on a terminal and without NO_COLOR.
 */
import { stripVTControlCharacters, styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Styles when standard output is a terminal that wants it, and returns the text unchanged otherwise. */
const style = (format: Format) => (text: string) => styleText(format, text, { stream: process.stdout });

export const bold = style('bold');
export const dim = style('dim');
export const red = style('red');
export const green = style('green');
export const yellow = style('yellow');
export const cyan = style('cyan');

/** Sentences in longer lines are hard to read, however wide the terminal is. */
const PROSE = 80;
/** A terminal that does not tell its width has had this one since there are terminals. */
const USUAL = 80;

/** The width of the terminal, as it is now. A pipe gets everything. */
export function columns(): number {
  return process.stdout.isTTY ? process.stdout.columns || USUAL : Number.POSITIVE_INFINITY;
}

export function print(text = ''): void {
  process.stdout.write(`${text}\n`);
}

export function heading(number: number, title: string, about: string): void {
  print();
  print(`${bold(`${number}  ${title}`)}`);
  for (const line of wrapped(about, Math.min(columns(), PROSE) - INDENT.length))
    print(dim(`${INDENT}${line}`));
  print();
}

export const INDENT = '   ';

/** A label in a column of its own, then the fact. */
export function fact(label: string, text: string): void {
  const lines = text.split('\n').flatMap((line) => wrapped(line, columns() - INDENT.length - LABEL_WIDTH));
  print(`${INDENT}${dim(label.padEnd(LABEL_WIDTH))}${lines[0]}`);
  for (const line of lines.slice(1)) print(`${INDENT}${' '.repeat(LABEL_WIDTH)}${line}`);
}

/** An item of a list: its mark, then a sentence that goes on below itself. */
export function item(mark: string, text: string): void {
  const width = stripVTControlCharacters(mark).length + 2;
  const [first, ...more] = wrapped(text, columns() - INDENT.length - width);
  print(`${INDENT}${mark}  ${first}`);
  for (const line of more) print(`${INDENT}${' '.repeat(width)}${line}`);
}

/** The longest label used, and two spaces. */
const LABEL_WIDTH = 15;

/** Broken at spaces to fit beside a label. */
export function beside(text: string): string {
  return wrapped(text, Math.min(columns(), PROSE + LABEL_WIDTH) - INDENT.length - LABEL_WIDTH).join('\n');
}

/** A space at which no line is broken; it is printed as any other. */
const TIE = '\u00a0';

/** Keeps the words of a text in one line. */
export function together(text: string): string {
  return text.replaceAll(' ', TIE);
}

/** Broken at spaces, where colours take no room. */
export function wrapped(text: string, width: number): string[] {
  const length = (part: string) => stripVTControlCharacters(part).length;
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && length(last) + 1 + length(word) <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    // A line does not begin with what was between two words.
    else if (word !== '' || last === undefined) lines.push(word);
  }
  return lines.map((line) => line.trimEnd().replaceAll(TIE, ' '));
}

/** Padded by what is visible, so that colours do not move columns. */
export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stripVTControlCharacters(text).length));
}

/** Cut to fit the terminal; applied before colours. */
export function fitting(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, Math.max(0, room - 3))}...`;
}

export function milliseconds(duration: number): string {
  return `${Math.round(duration)} ms`;
}

export function seconds(duration: number): string {
  return `${(duration / 1000).toFixed(1)} s`;
}
