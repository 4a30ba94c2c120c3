/** This file has what is shown on a terminal only: a pipe or a file gets plain lines. */
import { styleText } from 'node:util';
import type { Io } from './io.ts';

export type Colour = 'green' | 'yellow' | 'red' | 'dim' | 'bold';

/** Tells whether the output is a terminal that wants colours (https://no-color.org). */
export function hasColours({ stdout, env }: Pick<Io, 'stdout' | 'env'>): boolean {
  return stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

/** Returns what puts a colour around a text where colours are wanted. */
export function colouring(wanted: boolean): (colour: Colour, text: string) => string {
  return (colour, text) => (wanted ? styleText(colour, text, { validateStream: false }) : text);
}

const ERASE_LINE = '\r\u001b[K';

/**
 * Returns what shows on one line of the terminal what is under way, and takes it away again when it is given
 * nothing. It is on standard error, so that the output stays what it is.
 */
export function progress({ stderr, env }: Io): (what?: string) => void {
  if (stderr.isTTY !== true || env.TERM === 'dumb') return () => {};
  return (what) => void stderr.write(what === undefined ? ERASE_LINE : `${ERASE_LINE}${what} ...`);
}
