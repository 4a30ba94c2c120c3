import type { Log } from '../../src/watcher/log.ts';

export interface LogEntry {
  level: 'info' | 'warn' | 'error';
  message: string;
  fields: Record<string, unknown>;
}

/** A log that the test reads. */
export class RecordedLog implements Log {
  entries: LogEntry[] = [];

  info(message: string, fields: Record<string, unknown> = {}): void {
    this.entries.push({ level: 'info', message, fields });
  }
  warn(message: string, fields: Record<string, unknown> = {}): void {
    this.entries.push({ level: 'warn', message, fields });
  }
  error(message: string, fields: Record<string, unknown> = {}): void {
    this.entries.push({ level: 'error', message, fields });
  }

  /** The fields of all entries whose message matches. */
  said(message: RegExp): Record<string, unknown>[] {
    return this.entries.filter((entry) => message.test(entry.message)).map(({ fields }) => fields);
  }
}
