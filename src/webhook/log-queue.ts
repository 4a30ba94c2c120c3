import { write as writeFile, writeSync } from 'node:fs';

/** Lines of one busy moment are written together: at most 50 writes a second, whatever is reviewed. */
const TOGETHER_MS = 20;
/** When the reader of the log stands still, so much is kept: 5,000 lines, less than 2 s of a busy webhook. */
const KEPT_BYTES = 1024 * 1024;

/** The two ways to write that a queue needs, as `node:fs` has them. */
export interface Output {
  write(bytes: Buffer, done: (error: Error | null, written: number) => void): void;
  writeSync(text: string): void;
}

/**
 * Lines on their way to standard error. A review never waits for whoever reads the log: what does not fit is
 * dropped and counted, and the log says so itself.
 */
export class LogQueue {
  #output: Output;
  #lines: string[] = [];
  #kept = 0;
  #writing = false;
  #timer: NodeJS.Timeout | undefined;
  /** Lines dropped since the last one that could be written, and ever. */
  #droppedNow = 0;
  dropped = 0;

  constructor(output: Output = standardError) {
    this.#output = output;
  }

  push(line: string): void {
    if (this.#kept + line.length > KEPT_BYTES) {
      this.#lost(1);
      return;
    }
    this.#lines.push(line);
    this.#kept += line.length;
    if (!this.#writing) this.#timer ??= setTimeout(() => this.#write(), TOGETHER_MS);
  }

  /** For the end of the process, which waits for nothing. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#take();
    if (text === '') return;
    try {
      this.#output.writeSync(text);
    } catch {
      // Nobody reads any more; there is nowhere left to say so.
    }
  }

  #write(): void {
    this.#timer = undefined;
    const text = this.#take();
    if (text !== '') this.#send(Buffer.from(text));
  }

  #send(bytes: Buffer): void {
    this.#writing = true;
    this.#output.write(bytes, (error, written) => {
      this.#writing = false;
      if (error === null && written < bytes.length) return this.#send(bytes.subarray(written));
      if (error !== null) this.#lost(bytes.toString().split('\n').length - 1);
      if (this.#lines.length > 0) this.#timer ??= setTimeout(() => this.#write(), TOGETHER_MS);
    });
  }

  #lost(lines: number): void {
    this.dropped += lines;
    this.#droppedNow += lines;
  }

  #take(): string {
    if (this.#droppedNow > 0) {
      const line = { time: new Date().toISOString(), level: 'warn', message: 'log lines dropped' };
      this.#lines.push(`${JSON.stringify({ ...line, lines: this.#droppedNow })}\n`);
      this.#droppedNow = 0;
    }
    const text = this.#lines.join('');
    this.#lines = [];
    this.#kept = 0;
    return text;
  }
}

const standardError: Output = {
  write: (bytes, done) => writeFile(2, bytes, (error, written) => done(error, written ?? 0)),
  writeSync: (text) => void writeSync(2, text),
};
