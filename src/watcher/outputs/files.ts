import { constants } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../clock.ts';
import { FILE_NAME } from '../directory.ts';
import type { Log } from '../log.ts';
import { encodePieces } from '../protocol.ts';
import type { Output, Watch } from '../watch.ts';

/** A long text goes to the file in pieces of about this size. */
const PIECE_BYTES = 64 * 1024;

/**
 * The stream goes first: the threads that write a file take the CPU from whoever has just been told. On two
 * cores a change reached the reader 5 to 8 % later.
 */
const BEHIND_MS = 5;

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
 * A file that follows the group. One write at a time; what changes meanwhile goes into the next. A
 * failed write leaves the old file and is tried again at the next change or heartbeat.
 */
export class KeptFile {
  #path: string;
  #clock: Clock;
  #log: Log;
  #write: WriteFile;
  #writing = false;
  #timer: unknown;
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
    this.#timer ??= this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.retry();
    }, BEHIND_MS);
  }

  retry(): void {
    if (this.#wanted !== undefined && !this.#writing) void this.#work();
  }

  async #work(): Promise<void> {
    this.#writing = true;
    let text = this.#wanted;
    try {
      for (; text !== undefined; text = this.#wanted) {
        this.#wanted = undefined;
        await this.#write(this.#path, text());
      }
    } catch (error) {
      this.#wanted ??= text;
      this.failures += 1;
      this.#log.error('the file was not written, the old one stays', {
        file: this.#path,
        error: (error as Error).message,
      });
    } finally {
      this.#writing = false;
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
