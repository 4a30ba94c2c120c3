/** The shape of a command: halves of quotes, and what only a shell understands, are in none. */
export const COMMAND = /^(?:'[^']*'|"(?:[^"\\]|\\[\s\S])*"|\\[\s\S]|[^'"\\|&;<>`$])+$/;
/** The shape of a text without a word in it. */
export const NO_COMMAND = /^\s*$/;

/**
 * Returns the words of a command, quoted as a shell quotes: '...' as it stands, "..." and \ with escapes. No
 * shell runs it, so what only a shell understands is refused with a message that says what to give;
 * `sh -c '...'` is a command like any other, where the image has a shell.
 */
export function parseCommand(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  const tokens = /\s+|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|[^\s'"\\]+|[\s\S]/gs;
  for (const [token, single, double, escaped] of text.matchAll(tokens)) {
    if (/^\s+$/.test(token)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    word = (word ?? '') + (single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? bare(token, text));
  }
  if (word !== undefined) words.push(word);
  if (words.length === 0 || words[0] === '') throw new Error('give a command: a program and its arguments');
  return words;
}

function bare(token: string, text: string): string {
  if (token === "'" || token === '"' || token === '\\')
    throw new Error(`"${text}" has a ${token} without its other half; close it, or quote it`);
  if (/[|&;<>`$]/.test(token)) {
    throw new Error(
      `"${token}" means something to a shell, and none runs the command; quote it, or give sh -c '...'`,
    );
  }
  return token;
}
