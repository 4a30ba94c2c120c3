import { parseArgs } from 'node:util';
import { UsageError } from '../config.ts';
import { own } from '../inject/pod.ts';
import { didYouMean } from '../nearest.ts';

/** A flag of a command; without `value` it is a switch. */
export interface Flag {
  doc: string;
  short?: string;
  /** The placeholder of the value in the help. */
  value?: string;
  /** The values that are accepted; without it, all are. */
  choices?: readonly string[];
  repeated?: true;
}

export interface Command {
  summary: string;
  /** The lines of the help. */
  about: string;
  /** The name of the one argument beside the flags, as in the help; without it there may be none. */
  operand?: string;
  flags: Readonly<Record<string, Flag>>;
  /** The examples of the help: what each is for, and what is typed. */
  examples: readonly (readonly [about: string, command: string])[];
}

type GivenFlags<F extends Flag> = F extends { value: string }
  ? F extends { repeated: true }
    ? string[]
    : string | undefined
  : boolean;

export interface Arguments<C extends Command> {
  flags: { [K in keyof C['flags']]: GivenFlags<C['flags'][K]> };
  operand: string | undefined;
}

/**
 * Reads the flags of a command. Throws a `UsageError` that names the flag, its value and what to give
 * instead.
 */
export function parseFlags<C extends Command>(
  name: string,
  command: C,
  argv: readonly string[],
): Arguments<C> {
  const values: Record<string, string[] | boolean> = {};
  let operand: string | undefined;
  for (const token of tokensOf(command, argv)) {
    if (token.kind === 'positional') {
      if (command.operand === undefined || operand !== undefined)
        throw unexpected(name, command, token.value);
      operand = token.value;
    } else if (token.kind === 'option') {
      const flag = own(command.flags, token.name);
      if (flag === undefined) throw unknown(name, command, token.rawName);
      values[token.name] = taken(flag, token.rawName, token.value, values[token.name]);
    }
  }
  const flags = Object.entries(command.flags).map(
    ([key, flag]) => [key, values[key] ?? missing(flag)] as const,
  );
  const settled = flags.map(([key, value]) => [
    key,
    Array.isArray(value) && !command.flags[key]!.repeated ? value.at(-1) : value,
  ]);
  return { flags: Object.fromEntries(settled), operand } as Arguments<C>;
}

function tokensOf({ flags }: Command, argv: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { value, short }]) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const), ...(short ? { short } : {}) },
    ]),
  );
  return parseArgs({ args: [...argv], options, strict: false, tokens: true }).tokens;
}

function taken(
  flag: Flag,
  rawName: string,
  value: string | undefined,
  before: string[] | boolean | undefined,
) {
  if (flag.value === undefined) {
    if (value !== undefined)
      throw new UsageError(`${rawName}: "${value}" is not expected; it takes no value`);
    return true;
  }
  if (value === undefined || value === '')
    throw new UsageError(`${rawName} needs a value; give ${rawName} ${flag.value}`);
  if (flag.choices !== undefined && !flag.choices.includes(value)) {
    throw new UsageError(`${rawName}: "${value}" is not valid; give ${flag.choices.join(' or ')}`);
  }
  return [...(Array.isArray(before) ? before : []), value];
}

function missing({ value, repeated }: Flag): string[] | boolean | undefined {
  if (value === undefined) return false;
  return repeated ? [] : undefined;
}

function unknown(name: string, { flags }: Command, rawName: string): UsageError {
  const all = Object.keys(flags).map((flag) => `--${flag}`);
  const hint = didYouMean(rawName, all);
  return new UsageError(`${rawName} is not a flag of ${name}; there are ${all.join(' ')}.${hint}`);
}

function unexpected(name: string, { operand, flags }: Command, value: string): UsageError {
  if (operand !== undefined)
    return new UsageError(`"${value}" is one too many; ${name} takes one ${operand}`);
  const hint = flags.filename ? `; a file is given as -f ${value}` : '';
  return new UsageError(`"${value}" is not expected: ${name} takes flags only${hint}`);
}
