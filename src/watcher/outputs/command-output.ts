/** This file reads what a command writes, within bounds: a command may write without end. */
import type { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';

/** The longest line that is kept whole: a command without newlines must not fill the memory. */
const MAX_LINE_CHARACTERS = 4096;
/** The time after which a command that has written too much is heard again, since it may be a server that stays. */
const WINDOW_MS = 60_000;
/**
 * The most characters of a window that are told: some 2,000 lines, which is more than a script that joins a cluster
 * says, and a sixth of what the kubelet keeps of a container's log in ten minutes.
 */
const TOLD_CHARACTERS = 256 * 1024;
/** The characters that a line takes in a log beside its own: the time, the level, the message and the names of fields. */
const LINE_COST = 128;
/**
 * The most characters of a window that are read at once. What comes beyond is read in pieces with a pause behind each: at
 * full speed it takes the CPU, and 100 MB of memory, from whoever is to be told of members. The command is slowed, as by
 * any reader, and never stopped.
 */
const AT_ONCE_CHARACTERS = 1024 * 1024;
/** The pause behind a piece of 64 KiB, so that 6 MB/s are read for some thousandths of a CPU. */
const PAUSE_MS = 10;

export type StreamName = 'stdout' | 'stderr';

/** The listener of what a command writes. */
export interface OutputListener {
  line(stream: StreamName, text: string): void;
  /** The command has written so much that what it writes now is dropped, for the next minute at most. */
  dropped(): void;
}

/** The output of one run of a command. Its lines are told up to a bound, and the rest is read and dropped. */
export class CommandOutput {
  #clock: Clock;
  #listener: OutputListener | undefined;
  #windowAt = Number.NEGATIVE_INFINITY;
  #told = 0;
  #read = 0;
  #isDropping = false;
  /** The last line that was written to stderr; empty when there is none. */
  lastError = '';

  constructor(clock: Clock, listener: OutputListener | undefined) {
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Reads a stream to its end. There is none where no pipe was wanted, or no file could be opened for one. */
  read(name: StreamName, stream: Readable | null | undefined): void {
    if (!stream) return;
    let rest = '';
    const add = (piece: string) => {
      rest += piece;
      if (rest.length > MAX_LINE_CHARACTERS) rest = `${rest.slice(0, MAX_LINE_CHARACTERS)}...`;
    };
    const end = () => {
      if (rest !== '') this.#line(name, rest);
      rest = '';
    };
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      this.#count(text.length);
      let from = 0;
      for (let to = text.indexOf('\n'); to !== -1; to = text.indexOf('\n', from)) {
        // While lines are dropped only the last one is kept, since it may become `lastError`.
        if (this.#isDropping && from > 0) [from, to] = lastLine(text);
        add(text.slice(from, to));
        end();
        from = to + 1;
      }
      add(text.slice(from));
      if (this.#read > AT_ONCE_CHARACTERS) this.#pause(stream);
    });
    stream.on('end', end);
    stream.on('error', () => {});
  }

  #count(characters: number): void {
    const now = this.#clock.now();
    if (now - this.#windowAt >= WINDOW_MS) {
      this.#windowAt = now;
      this.#told = 0;
      this.#read = 0;
      this.#isDropping = false;
    }
    this.#read += characters;
  }

  #line(name: StreamName, text: string): void {
    if (name === 'stderr') this.lastError = text;
    if (this.#isDropping) return;
    this.#told += text.length + LINE_COST;
    this.#isDropping = this.#told > TOLD_CHARACTERS;
    if (this.#isDropping) this.#listener?.dropped();
    else this.#listener?.line(name, text);
  }

  #pause(stream: Readable): void {
    stream.pause();
    this.#clock.setTimeout(() => stream.resume(), PAUSE_MS);
  }
}

/** Returns where the last whole line of a text begins, and where it ends. */
function lastLine(text: string): [from: number, to: number] {
  const to = text.lastIndexOf('\n');
  return [text.lastIndexOf('\n', to - 1) + 1, to];
}
