import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CommandName, commands } from '../../src/cli/commands.ts';
import { type Command, parseFlags } from '../../src/cli/flags.ts';
import { helpOf } from '../../src/cli/help.ts';
import { run } from './run.ts';

for (const [name, command] of Object.entries(commands) as [string, Command][]) {
  describe(name, () => {
    const help = helpOf(name, command);

    test('the help names every flag, and fits a terminal where it is prose', () => {
      for (const flag of Object.keys(command.flags)) assert.match(help, new RegExp(`--${flag}\\b`));
      const prose = help.slice(0, help.indexOf('\nFlags:'));
      for (const line of prose.split('\n')) assert.ok(line.length <= 105, line);
    });

    test('it is printed when it is asked for, whatever else is', async () => {
      const { out, code } = await run(name as CommandName, ['--force', '-h']);
      assert.deepEqual([out, code], [`${help}\n`, 0]);
    });

    test('its examples are accepted', () => {
      for (const [, line] of command.examples) {
        for (const [, argv] of line.matchAll(new RegExp(`rollcall ${name} ?([^|>)]*)`, 'g'))) {
          parseFlags(
            name,
            command,
            argv!
              .trim()
              .split(/\s+/)
              .filter((word) => word !== ''),
          );
        }
      }
    });
  });
}
