/** Reads the settings of a command in a pod from its flags and variables. */
import { parseArgs } from 'node:util';
import { didYouMean } from './nearest.ts';
import { type Config, flagOf, kebabCase, type Setting, type SettingsTable, variableName } from './setting.ts';

/** A mistake in what the user gave. The message names the key, the value and what to do. */
export class UsageError extends Error {}

/** Reads each setting from its flag, else from its variable, else takes the default. Throws `UsageError`. */
export function parseConfig<S extends SettingsTable>(
  settings: S,
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Config<S> {
  const flags = parseFlags(settings, argv);
  const config: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(settings)) {
    const variable = variableName(key);
    const given = [
      { name: flagOf(key), values: flags[kebabCase(key)] ?? [] },
      { name: variable, values: valuesOf(variable, environment[variable], setting) },
    ];
    config[key] = setting.repeated ? settleAll(setting, given) : settle(setting, given);
  }
  return Object.freeze(config) as Config<S>;
}

function parseFlags(settings: SettingsTable, argv: readonly string[]): Record<string, string[]> {
  const names = Object.keys(settings).map(kebabCase);
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true });
  const flags: Record<string, string[]> = {};
  for (const token of tokens) {
    if (token.kind === 'positional') {
      throw new UsageError(`"${token.value}" is not expected; settings are given as --flag value`);
    }
    if (token.kind !== 'option') continue;
    if (!names.includes(token.name)) {
      const all = names.map((name) => `--${name}`);
      const hint = didYouMean(token.rawName, all);
      throw new UsageError(`${token.rawName} is not a flag; there are ${all.join(' ')}.${hint}`);
    }
    if (token.value === undefined)
      throw new UsageError(`${token.rawName} needs a value; give ${token.rawName} VALUE`);
    flags[token.name] = [...(flags[token.name] ?? []), token.value];
  }
  return flags;
}

/**
 * The places where a setting was given, the stronger one first. Where a place has several values, the last
 * counts.
 */
type GivenValues = { name: string; values: string[] }[];

/**
 * Returns the values in a variable. There are none when it is empty, as manifests leave it, and none in the
 * ROLLCALL_PORT=tcp://10.0.0.1:443 that the kubelet sets in every pod beside a Service `rollcall`.
 */
function valuesOf(name: string, value: string | undefined, { repeated }: Setting<unknown>): string[] {
  if (value === undefined || (name === 'ROLLCALL_PORT' && /^(tcp|udp|sctp):\/\//.test(value))) return [];
  return (repeated ? value.split('\n') : [value]).filter((one) => one !== '');
}

function settleAll(setting: Setting<unknown>, given: GivenValues): unknown[] {
  const source = given.find(({ values }) => values.length > 0);
  return source === undefined ? [] : source.values.map((value) => parseValue(setting, source.name, value));
}

function settle(setting: Setting<unknown>, given: GivenValues): unknown {
  for (const { name, values } of given) {
    const value = values.at(-1);
    if (value !== undefined) return parseValue(setting, name, value);
  }
  if (setting.default !== undefined) return setting.parse(setting.default);
  if (!setting.required) return undefined;
  const [flag, variable] = given.map(({ name }) => name);
  throw new UsageError(`${flag} is missing; give it, or set ${variable} (${setting.doc})`);
}

function parseValue(setting: Setting<unknown>, name: string, value: string): unknown {
  try {
    return setting.parse(value);
  } catch (error) {
    throw new UsageError(`${name}: "${value}" is not valid; ${(error as Error).message}`);
  }
}
