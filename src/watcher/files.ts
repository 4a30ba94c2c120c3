import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from './log.ts';
import { encode } from './protocol.ts';
import type { Output, Watch } from './watch.ts';

export const FILE_NAME = 'members.json';

/**
 * Keeps `members.json`, the latest snapshot. Readers see the old file or the new one, never a part:
 * it is written under a temporary name in the same directory, synced, and renamed. One write at a
 * time; what changes meanwhile goes into the next. A failed write leaves the old file and is tried
 * again at the next change or heartbeat.
 */
export class FileOutput implements Output {
  #path: string;
  #log: Log;
  #writing = false;
  #wanted = false;
  failures = 0;

  constructor(directory: string, log: Log) {
    this.#path = join(directory, FILE_NAME);
    this.#log = log;
  }

  synced(watch: Watch): void {
    this.#request(watch);
  }

  changed(_delta: unknown, watch: Watch): void {
    this.#request(watch);
  }

  status(_status: unknown, watch: Watch): void {
    this.#request(watch);
  }

  heartbeat(_heartbeat: unknown, watch: Watch): void {
    if (this.#wanted) this.#request(watch);
  }

  #request(watch: Watch): void {
    this.#wanted = true;
    if (!this.#writing) void this.#work(watch);
  }

  async #work(watch: Watch): Promise<void> {
    this.#writing = true;
    try {
      while (this.#wanted) {
        this.#wanted = false;
        await replaceFile(this.#path, encode(watch.snapshot()));
      }
    } catch (error) {
      this.#wanted = true;
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

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await open(temporary, 'w', 0o644);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
