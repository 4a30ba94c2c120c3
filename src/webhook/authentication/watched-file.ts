import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { UsageError } from '../../config.ts';
import type { Log } from '../../log.ts';
import { background } from '../survival.ts';

/**
 * The pause between two looks at the file. A kubelet takes about a minute to update a mounted Secret or
 * ConfigMap.
 */
const LOOK_AGAIN_MS = 60_000;

export interface WatchedFile {
  /** The result of `parse`, from the last time that the file could be read. */
  readonly current: string;
  /** Reads the file again and resolves with whether it has changed. It never rejects. */
  look(): Promise<boolean>;
}

/**
 * Opens a file that is read again while the process runs. It throws a `UsageError` that names the flag when
 * the file can't be used at the start. When the file breaks later, this is logged and the last good text
 * stays in use.
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

/** Looks at the file every minute, and calls `changed` when it has changed. */
export function pollFile(file: WatchedFile, changed: () => void, log: Log): void {
  const look = async () => {
    if (await file.look()) changed();
  };
  setInterval(() => background(log)('look at a file', look()), LOOK_AGAIN_MS).unref();
}

function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
}
