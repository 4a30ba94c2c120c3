import { write as writeFile, writeSync } from 'node:fs';
import { isFull, missed, standardErrorFile } from '../log-output.ts';

/**
 * The time for which lines are collected and then written together, and after which those that found no room are tried
 * again. There are at most 50 writes a second, however much is reviewed.
 */
const TOGETHER_MS = 20;
/** The bytes that are kept while nobody reads the log: 5,000 lines, less than 2 s of a busy webhook. */
const KEPT_BYTES = 1024 * 1024;

/** The size of a buffer. About 100 lines of 200 bytes are collected in a busy webhook. */
const BUFFER_BYTES = 32 * 1024;

/** The two ways of writing that a queue needs, as `node:fs` has them. */
export interface LogWriter {
  write(bytes: Buffer, done: (error: Error | null, written: number) => void): void;
  writeSync(text: string): void;
}

/**
 * A queue of lines for standard error. A review never waits for the reader of the log: lines that do not fit
 * are dropped and counted, and the log reports that. Lines are kept as bytes, since strings that wait for so
 * long would be moved to V8's old generation, which only a full collection cleans up.
 */
export class LogQueue {
  #output: LogWriter;
  #buffer: Buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  /** The number of bytes in the buffer. */
  #kept = 0;
  /** The buffer that was written last, to be used again. */
  #spare: Buffer | undefined;
  #writing = false;
  #timer: NodeJS.Timeout | undefined;
  /** The number of lines that were dropped since the log last reported that, and since the start. */
  #droppedNow = 0;
  dropped = 0;

  constructor(output: LogWriter = standardError()) {
    this.#output = output;
  }

  push(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#kept + bytes > KEPT_BYTES) {
      this.#lost(1);
      return;
    }
    this.#append(line, bytes);
    if (!this.#writing) this.#timer ??= setTimeout(() => this.#write(), TOGETHER_MS);
  }

  /** Writes all lines at once, for the end of the process. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#tellDropped();
    if (this.#kept === 0) return;
    const text = this.#buffer.toString('utf8', 0, this.#kept);
    this.#kept = 0;
    try {
      this.#output.writeSync(text);
    } catch {
      // Nobody reads standard error any more, and there is no other place to say so.
    }
  }

  #append(line: string, bytes: number): void {
    if (this.#kept + bytes > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#kept + bytes));
      this.#buffer.copy(larger, 0, 0, this.#kept);
      this.#buffer = larger;
    }
    this.#kept += this.#buffer.write(line, this.#kept);
  }

  #write(): void {
    this.#timer = undefined;
    this.#tellDropped();
    if (this.#kept === 0) return;
    const [buffer, kept] = [this.#buffer, this.#kept];
    this.#buffer = this.#spare ?? Buffer.allocUnsafe(BUFFER_BYTES);
    this.#spare = undefined;
    this.#kept = 0;
    this.#writing = true;
    this.#send(buffer, buffer.subarray(0, kept));
  }

  #send(buffer: Buffer, bytes: Buffer): void {
    this.#output.write(bytes, (error, written) => {
      if (error === null && written < bytes.length) return this.#send(buffer, bytes.subarray(written));
      if (isFull(error)) return void setTimeout(() => this.#send(buffer, bytes), TOGETHER_MS).unref();
      this.#writing = false;
      if (error !== null) this.#lost(bytes.toString().split('\n').length - 1);
      // A buffer that has grown is not used again.
      if (buffer.length === BUFFER_BYTES) this.#spare = buffer;
      if (this.#kept > 0) this.#timer ??= setTimeout(() => this.#write(), TOGETHER_MS);
    });
  }

  #lost(lines: number): void {
    this.dropped += lines;
    this.#droppedNow += lines;
  }

  #tellDropped(): void {
    if (this.#droppedNow === 0) return;
    const text = missed(this.#droppedNow);
    this.#append(text, text.length);
    this.#droppedNow = 0;
  }
}

/** Returns standard error, which never waits for its reader: a thread that waits would keep the process from ending. */
function standardError(): LogWriter {
  const file = standardErrorFile();
  return {
    write: (bytes, done) => writeFile(file, bytes, (error, written) => done(error, written ?? 0)),
    writeSync: (text) => void writeSync(file, text),
  };
}
