import { Unreadable } from './unreadable.ts';
import type { Value } from './value.ts';

/**
 * Returns what a scalar means to kubectl, which reads YAML 1.1 with the resolver of Go's yaml.v2: `0400` is
 * an octal number and `yes` a boolean, but `1:30` and `2001-01-01` are texts.
 */
export function plainValue(text: string): Value {
  if (Object.hasOwn(WORDS, text)) return WORDS[text]!;
  return numberOf(text) ?? text;
}

const WORDS: Readonly<Record<string, Value>> = {
  ...wordsOf(null, ['', '~', 'null', 'Null', 'NULL']),
  ...wordsOf(true, ['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']),
  ...wordsOf(false, ['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']),
};

function wordsOf(value: Value, words: readonly string[]): Record<string, Value> {
  return Object.fromEntries(words.map((word) => [word, value]));
}

/** These values are refused, because requests to Kubernetes are JSON, which has no way to write them. */
const NO_JSON = /^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$/;
const BASES: Readonly<Record<string, RegExp>> = {
  '0x': /^0[xX][0-9a-fA-F]+$/,
  '0o': /^0[oO][0-7]+$/,
  '0b': /^0[bB][01]+$/,
};
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
/** The range of the integers that kubectl keeps the digits of. */
const [LEAST, MOST] = [-(2n ** 63n), 2n ** 63n - 1n];
/**
 * The largest integer of Go's yaml.v2. kubectl turns those that do not fit into 64 bits with a sign into
 * floats.
 */
const MOST_UNSIGNED = 2n ** 64n - 1n;

function numberOf(text: string): number | bigint | undefined {
  if (NO_JSON.test(text)) {
    throw new Unreadable(`${text} is no number that kubectl can send; write it in quotes`);
  }
  if (!/^[-+.0-9]/.test(text)) return undefined;
  // Underscores between digits are ignored.
  const digits = text.startsWith('.') ? text : text.replaceAll('_', '');
  const whole = integerOf(digits);
  if (whole !== undefined) return whole;
  const float = FLOAT.test(digits) ? Number(digits) : Number.NaN;
  // A number that no float can hold is a text.
  return Number.isFinite(float) ? oneZero(float) : undefined;
}

/** Returns an integer; undefined beyond 64 bits, where it may still be a float. */
function integerOf(digits: string): number | bigint | undefined {
  const [, sign, rest] = /^([-+]?)(.*)$/s.exec(digits)!;
  const magnitude = magnitudeOf(rest!);
  if (magnitude === undefined) return undefined;
  const value = sign === '-' ? -magnitude : magnitude;
  return value < LEAST || value > MOST_UNSIGNED ? undefined : exact(value);
}

function magnitudeOf(digits: string): bigint | undefined {
  const base = BASES[digits.slice(0, 2).toLowerCase()];
  if (base !== undefined) return base.test(digits) ? BigInt(digits.toLowerCase()) : undefined;
  if (/^0[0-7]+$/.test(digits)) return BigInt(`0o${digits.slice(1)}`);
  return /^(0|[1-9][0-9]*)$/.test(digits) ? BigInt(digits) : undefined;
}

/** Returns an integer as kubectl keeps it. */
export function exact(value: bigint): number | bigint {
  const number = Number(value);
  const isFloat = value < LEAST || value > MOST;
  return Number.isSafeInteger(number) || isFloat ? oneZero(number) : value;
}

/** Turns -0 into 0: JSON has -0, but Go's integers do not. */
function oneZero(number: number): number {
  return number === 0 ? 0 : number;
}

const CORE = 'tag:yaml.org,2002:';

/** Returns the value of a scalar with an explicit tag. Its quotes do not matter. */
export function taggedValue(tag: string, text: string): Value {
  if (tag === `${CORE}binary`) return binary(text);
  const kind = tag.startsWith(CORE) ? tag.slice(CORE.length) : 'str';
  if (kind === 'str' || kind === 'timestamp') return text;
  const value = plainValue(text);
  if (kind === kindOf(value) || (kind === 'float' && kindOf(value) === 'int')) return value;
  throw new Unreadable(`"${text}" is no !!${kind}; leave the tag out`);
}

function kindOf(value: Value): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'str';
  return typeof value === 'bigint' || Number.isInteger(value) ? 'int' : 'float';
}

function binary(text: string): string {
  const base64 = text.replace(/\s/g, '');
  if (!/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) {
    throw new Unreadable('!!binary needs base64; mend it, or leave the tag out');
  }
  return Buffer.from(base64, 'base64').toString();
}
