import { LOG_LEVELS, type Log, type LogLevel } from './watcher/log.ts';

export type { Log } from './watcher/log.ts';

/** The log of a program, which also has messages that nobody needs until something is to be understood. */
export interface ProgramLog extends Log {
  debug(message: string, fields?: Record<string, unknown>): void;
}

/** The most characters of a field, since strangers may write what is in one. No name or sentence of ours is longer. */
const FIELD_LENGTH = 1024;

/**
 * The characters that JSON does not escape and that a terminal or a log reader may act upon: DEL and the C1 controls, the line
 * separators, and the marks that change the direction of what follows.
 */
const UNSAFE = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * Returns a log that writes one JSON object a line on standard error: time, level, message, then the fields. It cuts
 * fields, escapes characters that could act on a reader, and never throws. Lines below the level `least` are left out.
 */
export function jsonLog(
  write: (line: string) => void = toStandardError,
  least: LogLevel = 'info',
): ProgramLog {
  const at = (level: LogLevel) => (message: string, fields?: Record<string, unknown>) => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(least)) return;
    const line: Record<string, unknown> = { time: new Date().toISOString(), level, message };
    for (const key in fields) line[key] = bounded(fields[key]);
    write(`${JSON.stringify(line).replace(UNSAFE, escaped)}\n`);
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export function toStandardError(line: string): void {
  process.stderr.write(line);
}

function bounded(value: unknown): unknown {
  if (typeof value === 'string') return cut(value);
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value;
  try {
    const text = JSON.stringify(value);
    return text === undefined || text.length <= FIELD_LENGTH ? value : cut(text);
  } catch {
    return '(not JSON)';
  }
}

function cut(text: string): string {
  return text.length <= FIELD_LENGTH ? text : `${text.slice(0, FIELD_LENGTH)}…`;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
