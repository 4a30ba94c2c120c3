import type { Log } from '../log.ts';

/** The most different values that are logged. More are only counted, so that no log is flooded. */
const MAX_LOGGED = 100;
/** The most characters of a value that a log line shows. */
const MAX_CHARACTERS = 100;

/**
 * Values that break the API's own rules: no API server made them, or a controller wrote them where the
 * API server checks nothing. They are left out, counted at each sight, and logged once.
 */
export class Malformed {
  #log: Log;
  #logged = new Set<string>();
  count = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Counts the `value` of `field` in the object of the name `of`, and logs it the first time. */
  note(field: string, value: string | number, of: string): void {
    this.count += 1;
    const shown = String(value).slice(0, MAX_CHARACTERS);
    const key = `${field} ${shown}`;
    if (this.#logged.has(key) || this.#logged.size >= MAX_LOGGED) return;
    this.#logged.add(key);
    this.#log.warn('a malformed value is left out', { field, value: shown, of });
  }
}
