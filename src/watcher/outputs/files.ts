import { constants } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../clock.ts';
import { FILE_NAME } from '../contract.ts';
import type { Log } from '../log.ts';
import { encodePieces } from '../protocol.ts';
import type { Output, Watch } from '../watch.ts';

/** A long text goes to the file in pieces of about this size. */
export const PIECE_BYTES = 64 * 1024;

/**
 * The stream goes first: the threads that write a file take the CPU from whoever has just been told. On two
 * cores a change reached the reader 5 to 8 % later.
 */
const BEHIND_MS = 5;

/**
 * How long the next write waits, in times of what the last one took: writing takes half a percent of a core,
 * however large the group is and however often it changes. With 20 changes a second that is a quarter of a
 * millisecond a change, less than parsing it.
 */
const PAUSE_TIMES = 200;
/** The longest wait: the file is never further behind than that. */
export const MAX_PAUSE_MS = 1000;

/** A text, or the pieces of one, made while they are written. */
export type Text = string | Iterable<string>;

/** Puts `text` in the place of what the file at `path` held. */
export type WriteFile = (path: string, text: Text) => Promise<void>;

/** Keeps `members.json`, the latest snapshot. */
export class FileOutput implements Output {
  #file: KeptFile;

  constructor(directory: string, clock: Clock, log: Log, write: WriteFile = replaceFile) {
    this.#file = new KeptFile(join(directory, FILE_NAME), clock, log, write);
  }

  /** Writes that failed. */
  get failures(): number {
    return this.#file.failures;
  }

  synced(watch: Watch): void {
    this.#file.request(() => encodePieces(watch.snapshot(), PIECE_BYTES));
  }

  changed(_delta: unknown, watch: Watch): void {
    this.synced(watch);
  }

  status(_status: unknown, watch: Watch): void {
    this.synced(watch);
  }

  heartbeat(): void {
    this.#file.retry();
  }
}

/**
 * A file that follows the group. One write at a time; what changes meanwhile goes into the next, which begins
 * at most `MAX_PAUSE_MS` later. A failed write leaves the old file and is tried again at the next change or
 * heartbeat.
 */
export class KeptFile {
  #path: string;
  #clock: Clock;
  #log: Log;
  #write: WriteFile;
  #writing = false;
  #timer: unknown;
  #notBefore = Number.NEGATIVE_INFINITY;
  /** Makes the text that the file should hold; undefined when it holds that. */
  #wanted: (() => Text) | undefined;
  failures = 0;

  constructor(path: string, clock: Clock, log: Log, write: WriteFile) {
    this.#path = path;
    this.#clock = clock;
    this.#log = log;
    this.#write = write;
  }

  /** `text` is called when the file is about to be written. */
  request(text: () => Text): void {
    this.#wanted = text;
    this.#writeIn(BEHIND_MS);
  }

  /** Writes what is still to be written. */
  retry(): void {
    this.#writeIn(0);
  }

  #writeIn(milliseconds: number): void {
    if (this.#wanted === undefined || this.#writing || this.#timer !== undefined) return;
    const wait = Math.max(milliseconds, this.#notBefore - this.#clock.now());
    const work = () => {
      this.#timer = undefined;
      void this.#work();
    };
    if (wait <= 0) work();
    else this.#timer = this.#clock.setTimeout(work, wait);
  }

  async #work(): Promise<void> {
    const text = this.#wanted!;
    this.#wanted = undefined;
    this.#writing = true;
    const began = this.#clock.now();
    const written = await this.#try(text);
    const now = this.#clock.now();
    this.#notBefore = now + Math.min(PAUSE_TIMES * (now - began), MAX_PAUSE_MS);
    this.#writing = false;
    if (written) this.retry();
    else this.#wanted ??= text;
  }

  async #try(text: () => Text): Promise<boolean> {
    try {
      await this.#write(this.#path, text());
      return true;
    } catch (error) {
      this.failures += 1;
      this.#log.error('the file was not written, the old one stays', {
        file: this.#path,
        error: (error as Error).message,
      });
      return false;
    }
  }
}

/** A new file, and no other: what lies at its name, a link for example, is neither opened nor followed. */
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Readers see the old file or the new one, never a part: it is written under a temporary name in the
 * same directory, synced, and renamed.
 */
export async function replaceFile(path: string, text: Text): Promise<void> {
  // Hidden, and with an end that no file of ours has: it can't be another output's file.
  const temporary = join(dirname(path), `.${basename(path)}.new`);
  const file = await openNew(temporary);
  try {
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    // In a full volume, a part that nobody will read must not take the room of the next try.
    await unlink(temporary).catch(() => {});
    throw error;
  }
}

/** What a crash has left under the name, or somebody put there, is removed; a directory is an error. */
async function openNew(path: string): Promise<FileHandle> {
  try {
    return await open(path, NEW_FILE, 0o644);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    await unlink(path);
    return open(path, NEW_FILE, 0o644);
  }
}
