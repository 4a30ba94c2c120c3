import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommand } from '../../../src/watcher/texts/shell-words.ts';

for (const [text, words] of [
  ['/scripts/on-start.sh', ['/scripts/on-start.sh']],
  ['  /on-start.sh  --join   now ', ['/on-start.sh', '--join', 'now']],
  [`sh -c 'echo "$1" | tee /log; exit'`, ['sh', '-c', 'echo "$1" | tee /log; exit']],
  ['a "b c" d\\ e', ['a', 'b c', 'd e']],
  ['a "say \\"hi\\" for \\$5 \\n"', ['a', 'say "hi" for $5 \\n']],
  [`a '' ""`, ['a', '', '']],
  [`--key='a b'"c"`, ['--key=a bc']],
  ['a\n\tb', ['a', 'b']],
] as const) {
  test(`the words of ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parseCommand(text), words);
  });
}

for (const [text, problem] of [
  ['', /give a command/],
  ['   ', /give a command/],
  ["'' a", /give a command/],
  ["a 'b", /has a ' without its other half/],
  ['a "b', /has a " without its other half/],
  ['a \\', /has a \\ without its other half/],
  ['a | b', /"\|" means something to a shell, and none runs the command; quote it, or give sh -c/],
  ['a && b', /"&&" means something to a shell/],
  ['a; b', /"a;" means something to a shell/],
  ['a >log', /">log" means something to a shell/],
  ['a $HOME', /"\$HOME" means something to a shell/],
] as const) {
  test(`refused at the start: command ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseCommand(text), { message: problem });
  });
}
