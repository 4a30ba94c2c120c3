import type { Command } from './flags.ts';

/** Returns the text that `rollcall NAME --help` prints. */
export function helpOf(name: string, command: Command): string {
  const operand = command.operand ? ` ${command.operand}` : '';
  const examples = command.examples.map(([about, line]) => `  # ${about}\n  ${line}`);
  return [
    `usage: rollcall ${name}${operand} [flags]`,
    command.about.trim(),
    `Examples:\n${examples.join('\n\n')}`,
    `Flags:\n${flagsOf(command)}`,
  ].join('\n\n');
}

function flagsOf({ flags }: Command): string {
  const rows = Object.entries(flags).map(([name, { short, value, choices, doc, repeated }]) => {
    const values = choices ? `; ${choices.join(' or ')}` : '';
    const flag = `  ${short ? `-${short}, ` : '    '}--${name}${value ? ` ${value}` : ''}`;
    return [flag, `${doc}${values}${repeated ? ' (may be repeated)' : ''}`] as const;
  });
  const width = Math.max(...rows.map(([flag]) => flag.length)) + 2;
  return rows.map(([flag, doc]) => flag.padEnd(width) + doc).join('\n');
}
