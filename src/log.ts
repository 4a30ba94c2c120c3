import type { Log } from './watcher/log.ts';

export type { Log } from './watcher/log.ts';

/** One JSON object a line on standard error: time, level, message, then the fields. */
export function jsonLog(write: (line: string) => void = (line) => process.stderr.write(line)): Log {
  const at = (level: string) => (message: string, fields?: Record<string, unknown>) =>
    write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`);
  return { info: at('info'), warn: at('warn'), error: at('error') };
}
