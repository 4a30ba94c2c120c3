/** Something in the input that can't be read. */
export class Unreadable extends Error {
  /** Counted from 1, in the document. */
  readonly line: number | undefined;
  constructor(message: string, line?: number) {
    super(message);
    this.line = line;
  }

  /** The same with the name of the file, where the document begins after so many lines. */
  in(name: string, linesAbove = 0): Unreadable {
    const place = this.line === undefined ? name : `${name}:${linesAbove + this.line}`;
    return new Unreadable(`${place}: ${this.message}`);
  }
}
