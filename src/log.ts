import { LogOutput } from './log-output.ts';
import { visible } from './visible.ts';
import { LOG_LEVELS, type Log, type LogLevel } from './watcher/log.ts';

export type { Log } from './watcher/log.ts';

/** The log of a program, which also has messages that nobody needs until something is to be understood. */
export interface ProgramLog extends Log {
  debug(message: string, fields?: Record<string, unknown>): void;
}

/** The most characters of a field, since strangers may write what is in one. No name or sentence of ours is longer. */
const FIELD_LENGTH = 1024;

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
    // JSON leaves some characters as they are that are spelled out here, by escapes of JSON.
    write(`${visible(JSON.stringify(line))}\n`);
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

let output: LogOutput | undefined;

/** Writes a line to standard error. It never waits for a reader, and a log that can't be written ends no program. */
export function toStandardError(line: string): void {
  output ??= atStandardError();
  output.push(line);
}

function atStandardError(): LogOutput {
  const opened = new LogOutput();
  process.once('exit', () => opened.flush());
  return opened;
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
