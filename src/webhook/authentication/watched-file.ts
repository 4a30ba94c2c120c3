import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { UsageError } from '../../config.ts';
import type { Log } from '../../log.ts';

/** A kubelet brings a changed Secret or ConfigMap within about a minute. */
const LOOK_AGAIN_MS = 60_000;

export interface WatchedFile {
  /** What `parse` made of the file, the last time that it could be read. */
  readonly current: string;
  /** Reads the file again; resolves with whether it has changed. Never rejects. */
  look(): Promise<boolean>;
}

/**
 * A file of the user's that is read again for as long as the process runs: what is broken at the start is a
 * `UsageError` that names the flag, what breaks later is logged, and the last good text goes on to hold.
 */
export function watchedFile(
  flag: string,
  file: string,
  parse: (text: string) => string,
  log: Log,
): WatchedFile {
  let current: string;
  try {
    current = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`${flag}: "${file}" can't be used (${reasonOf(error)})`);
  }
  return {
    get current() {
      return current;
    },
    async look() {
      try {
        const next = parse(await readFile(file, 'utf8'));
        if (next === current) return false;
        current = next;
        log.info('file read again', { flag, file });
        return true;
      } catch (error) {
        log.error('file not usable; the last good one holds', { flag, file, error: reasonOf(error) });
        return false;
      }
    },
  };
}

/** Looks again every minute, and calls `changed` when there is something new. */
export function pollFile(file: WatchedFile, changed: () => void): void {
  // `look` never rejects, and a fault of `changed` is the process's own to survive.
  const look = () => file.look().then((is) => (is ? changed() : undefined));
  setInterval(look, LOOK_AGAIN_MS).unref();
}

function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
}
