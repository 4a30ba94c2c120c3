/** The reader of flags of the commands for people at a terminal. What each command takes is judged with the command. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFlags } from '../../src/cli/flags.ts';
import { UsageError } from '../../src/config.ts';

const command = {
  summary: 'a command',
  about: '',
  flags: { output: { value: 'FORMAT', doc: 'format of the output' }, all: { doc: 'all of them' } },
  examples: [],
};

test('a switch is true where it is given, and the last value of a flag counts', () => {
  assert.deepEqual(parseFlags('show', command, ['--all', '--output', 'a', '--output=b']).flags, {
    output: 'b',
    all: true,
  });
  assert.deepEqual(parseFlags('show', command, []).flags, { output: undefined, all: false });
});

test('a flag that the command does not have is refused, also under the name of what every object has', () => {
  for (const name of ['--other', '--constructor', '--toString', '--__proto__', '--hasOwnProperty=x']) {
    assert.throws(
      () => parseFlags('show', command, [name]),
      (error) =>
        error instanceof UsageError &&
        /^--\w+ is not a flag of show; there are --output --all/.test(error.message),
      name,
    );
  }
});
