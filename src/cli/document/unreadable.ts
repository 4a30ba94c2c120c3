/** The error for a part of the input that can't be read. */
export class Unreadable extends Error {
  /** The line in the document, counted from 1. */
  readonly line: number | undefined;
  constructor(message: string, line?: number) {
    super(message);
    this.line = line;
  }

  /** Returns the same error with the name of the file, and the line counted from the top of the file. */
  in(name: string, linesAbove = 0): Unreadable {
    const place = this.line === undefined ? name : `${name}:${linesAbove + this.line}`;
    return new Unreadable(`${place}: ${this.message}`);
  }
}
