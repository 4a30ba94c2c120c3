import { visible } from '../visible.ts';

/**
 * The streams and variables of a command. They are passed in, so that a command runs in a test as it runs in
 * a shell.
 */
export interface Io {
  stdin: AsyncIterable<Uint8Array | string>;
  stdout: StandardOutput;
  stderr: { write(text: string): unknown; isTTY?: boolean };
  env: Readonly<Record<string, string | undefined>>;
  /** Ends a command that goes on until it is stopped; at a terminal, Ctrl-C does. */
  signal?: AbortSignal;
}

export interface StandardOutput {
  write(text: string | Uint8Array): unknown;
  /** Whether it is a terminal, whose size is known too. */
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

/**
 * Writes a sentence on standard error. It stays on one line, and does nothing to the terminal, whatever stands in the
 * names and values in it.
 */
export function tell({ stderr }: Pick<Io, 'stderr'>, sentence: string): void {
  stderr.write(`${visible(sentence)}\n`);
}

/** Returns a value as JSON. What JSON leaves as it is and a terminal acts upon is escaped, so programs read the same. */
export function jsonText(value: unknown): string {
  const lines = JSON.stringify(value, null, 2).split('\n');
  return `${lines.map(visible).join('\n')}\n`;
}

/** The exit codes of all commands without --diff. */
export const EXIT = { fine: 0, refused: 1 } as const;
/** The exit codes with --diff, which are those of diff and of `kubectl diff`. */
export const DIFF_EXIT = { same: 0, different: 1, trouble: 2 } as const;
