/** What a command reads and writes, so that it runs in a test as it runs in a shell. */
export interface Io {
  stdin: AsyncIterable<Uint8Array | string>;
  stdout: { write(text: string | Uint8Array): unknown };
  stderr: { write(text: string): unknown };
  env: Readonly<Record<string, string | undefined>>;
}

/** The exit codes of all commands, but for --diff, which keeps to those of diff. */
export const EXIT = { fine: 0, refused: 1 } as const;
/** As diff and `kubectl diff` end. */
export const DIFF_EXIT = { same: 0, different: 1, trouble: 2 } as const;
