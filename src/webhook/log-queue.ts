import { write as writeFile, writeSync } from 'node:fs';

/** Lines of one busy moment are written together: at most 50 writes a second, whatever is reviewed. */
const TOGETHER_MS = 20;
/** When the reader of the log stands still, so much is kept: 5,000 lines, less than 2 s of a busy webhook. */
const KEPT_BYTES = 1024 * 1024;

/** 100 lines of 200 bytes come together while a busy webhook waits. */
const ROOM_BYTES = 32 * 1024;

/** The two ways to write that a queue needs, as `node:fs` has them. */
export interface LogWriter {
  write(bytes: Buffer, done: (error: Error | null, written: number) => void): void;
  writeSync(text: string): void;
}

/**
 * Lines on their way to standard error. A review never waits for whoever reads the log: what does not fit is
 * dropped and counted, and the log says so itself. Lines are kept as bytes: texts that wait for so long are moved
 * to V8's old generation, and only a full collection takes them out again.
 */
export class LogQueue {
  #output: LogWriter;
  #room: Buffer = Buffer.allocUnsafe(ROOM_BYTES);
  /** Bytes in the room. */
  #kept = 0;
  /** The room that was written last, to be used again. */
  #spare: Buffer | undefined;
  #writing = false;
  #timer: NodeJS.Timeout | undefined;
  /** Lines dropped since the last one that could be written, and ever. */
  #droppedNow = 0;
  dropped = 0;

  constructor(output: LogWriter = standardError) {
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

  /** For the end of the process, which waits for nothing. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#tellDropped();
    if (this.#kept === 0) return;
    const text = this.#room.toString('utf8', 0, this.#kept);
    this.#kept = 0;
    try {
      this.#output.writeSync(text);
    } catch {
      // Nobody reads any more; there is nowhere left to say so.
    }
  }

  #append(line: string, bytes: number): void {
    if (this.#kept + bytes > this.#room.length) {
      const larger = Buffer.allocUnsafe(Math.max(2 * this.#room.length, this.#kept + bytes));
      this.#room.copy(larger, 0, 0, this.#kept);
      this.#room = larger;
    }
    this.#kept += this.#room.write(line, this.#kept);
  }

  #write(): void {
    this.#timer = undefined;
    this.#tellDropped();
    if (this.#kept === 0) return;
    const [room, kept] = [this.#room, this.#kept];
    this.#room = this.#spare ?? Buffer.allocUnsafe(ROOM_BYTES);
    this.#spare = undefined;
    this.#kept = 0;
    this.#writing = true;
    this.#send(room, room.subarray(0, kept));
  }

  #send(room: Buffer, bytes: Buffer): void {
    this.#output.write(bytes, (error, written) => {
      if (error === null && written < bytes.length) return this.#send(room, bytes.subarray(written));
      this.#writing = false;
      if (error !== null) this.#lost(bytes.toString().split('\n').length - 1);
      // One that has grown is given back.
      if (room.length === ROOM_BYTES) this.#spare = room;
      if (this.#kept > 0) this.#timer ??= setTimeout(() => this.#write(), TOGETHER_MS);
    });
  }

  #lost(lines: number): void {
    this.dropped += lines;
    this.#droppedNow += lines;
  }

  #tellDropped(): void {
    if (this.#droppedNow === 0) return;
    const line = { time: new Date().toISOString(), level: 'warn', message: 'log lines dropped' };
    const text = `${JSON.stringify({ ...line, lines: this.#droppedNow })}\n`;
    this.#append(text, text.length);
    this.#droppedNow = 0;
  }
}

const standardError: LogWriter = {
  write: (bytes, done) => writeFile(2, bytes, (error, written) => done(error, written ?? 0)),
  writeSync: (text) => void writeSync(2, text),
};
