/** Makes texts of strangers safe to show: nothing in them acts on the terminal or the program that shows them. */

/**
 * The characters that a terminal or a log reader may act upon: control characters, line separators, and the marks that
 * change the direction of the text behind them.
 */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/**
 * Returns the text on one line, with such characters spelled out. An API server drops a warning with a control character
 * in it, a log line with a line break would be two, and an escape sequence could rewrite what stands on a terminal.
 */
export function visible(text: string): string {
  return text.replace(UNSAFE, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
