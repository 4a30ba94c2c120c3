/** The end of a log: standard error, which may be a pipe that nobody reads any more, or lie on a full disk. */
import { constants, openSync, writeSync } from 'node:fs';

/** The pause before a line that found no room is tried again. Whoever reads logs reads more often than that. */
const AGAIN_MS = 100;
/** The bytes that are kept while nobody reads: 1,000 lines, an hour of a sidecar that has much to tell. */
const KEPT_BYTES = 256 * 1024;

/** Writes a part of the bytes, or all, without waiting; returns how many. Throws the error of the system. */
export type WriteSome = (bytes: Buffer) => number;

/**
 * Writes lines at once, and never waits: a program that waits for the reader of its log does nothing else meanwhile.
 * Lines that find no room are kept for a while. Lines that can't be written, or are more than is kept, are dropped and
 * counted, and the log says how many are missing.
 */
export class LogOutput {
  #write: WriteSome;
  #kept: Buffer[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #droppedNow = 0;
  /** The number of lines that were dropped since the start. */
  dropped = 0;

  constructor(write: WriteSome = standardError()) {
    this.#write = write;
  }

  push(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#bytes + bytes.length > KEPT_BYTES) this.#drop();
    else this.#keep(bytes);
    if (this.#timer === undefined) this.flush();
  }

  /** Writes what there is room for. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      while (this.#kept.length > 0) this.#writeFirst();
      if (this.#droppedNow > 0) this.#tellDropped();
    } catch (error) {
      if (!isFull(error)) return;
      // Unreferenced, since a log that nobody reads is no reason for a program not to end.
      this.#timer = setTimeout(() => this.flush(), AGAIN_MS).unref();
    }
  }

  /** Writes the first line, or a part of it. Throws when there is no room at the moment. */
  #writeFirst(): void {
    const line = this.#kept[0]!;
    let written = line.length;
    try {
      written = this.#write(line);
    } catch (error) {
      if (isFull(error)) throw error;
      this.#drop();
    }
    this.#bytes -= written;
    if (written < line.length) this.#kept[0] = line.subarray(written);
    else this.#kept.shift();
  }

  #tellDropped(): void {
    const lines = this.#droppedNow;
    const bytes = Buffer.from(missed(lines));
    const written = this.#write(bytes);
    this.#droppedNow -= lines;
    if (written < bytes.length) this.#keep(bytes.subarray(written));
  }

  #keep(bytes: Buffer): void {
    this.#kept.push(bytes);
    this.#bytes += bytes.length;
  }

  #drop(): void {
    this.dropped += 1;
    this.#droppedNow += 1;
  }
}

/** Returns whether the reader is behind, and there may be room later. */
export function isFull(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'EAGAIN';
}

/** Returns the line that says how many lines are missing. */
export function missed(lines: number): string {
  const line = { time: new Date().toISOString(), level: 'warn', message: 'log lines dropped', lines };
  return `${JSON.stringify(line)}\n`;
}

function standardError(): WriteSome {
  let file: number | undefined;
  return (bytes) => {
    file ??= standardErrorFile();
    return writeSync(file, bytes);
  };
}

/**
 * Returns a file that is standard error and never blocks: standard error itself is shared with other programs, which
 * may count on waiting. Where it can't be opened again (a socket, no /proc) it is standard error itself.
 */
export function standardErrorFile(): number {
  try {
    return openSync('/proc/self/fd/2', constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK);
  } catch {
    return 2;
  }
}
