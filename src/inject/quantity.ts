/** Kubernetes quantities: `500m`, `128Mi`, `1.5`, `2e3`. */

import { formed } from '../forms.ts';

export type Resource = 'cpu' | 'memory';

const FACTORS: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The longest text of a quantity, in characters. An API server writes none that is longer. */
const CHARACTERS = 64;
/** The largest quantity. An API server takes a larger one for this one. */
const MOST = 2 ** 63;

const QUANTITY = /^\+?(\d+(?:\.\d*)?|\.\d+)(?:([eE][-+]?\d{1,3})|([numkMGTPE]|[KMGTPE]i))?$/;
/** A quantity whose digits are all zero. */
const ZERO = /^\+?[0.]+(?:[^0-9.].*)?$/;

/** Returns the number of cores or of bytes; undefined when the text is no quantity. */
export function amountOf(text: unknown): number | undefined {
  if (String(text).length > CHARACTERS) return undefined;
  const match = QUANTITY.exec(String(text));
  if (match === null) return undefined;
  const [, digits, exponent = '', unit = ''] = match;
  return Math.min(Number(digits! + exponent) * FACTORS[unit]!, MOST);
}

/** Returns a parser of quantities above zero, which gives the text back; its error shows the example. */
export function quantity(example: string) {
  return formed([{ shape: QUANTITY, except: ZERO }], (text) => {
    if (!ZERO.test(text) && (amountOf(text) ?? 0) > 0) return text;
    throw new Error(`give a quantity above zero, such as ${example}`);
  });
}

/** Returns the text of whole thousandths of a core in the form that an API server keeps; it rewrites any other. */
export function cores(thousandths: number): string {
  return thousandths % 1000 === 0
    ? shortest(thousandths / 1000, 1000, ['', 'k', 'M', 'G'])
    : `${thousandths}m`;
}

/** Returns the text of whole bytes in the form that an API server keeps. */
export function bytes(count: number): string {
  return count % 1024 === 0
    ? shortest(count, 1024, ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'])
    : shortest(count, 1000, ['', 'k', 'M', 'G', 'T', 'P']);
}

function shortest(amount: number, factor: number, [unit, ...larger]: readonly string[]): string {
  if (amount === 0 || amount % factor !== 0 || larger.length === 0) return `${amount}${unit}`;
  return shortest(amount / factor, factor, larger);
}

/** Returns whole thousandths of a core, or whole bytes. A part of one is rounded up to one, as the API server does. */
export function unitsOf(name: Resource, text: unknown): number | undefined {
  const given = amountOf(text);
  // The rounding error of a binary fraction must not count as a part of a thousandth.
  return given === undefined ? undefined : Math.ceil(given * (name === 'cpu' ? 1000 : 1) - 1e-6);
}

/** Returns the text of an amount of `unitsOf` in the form that an API server keeps. */
export function written(name: Resource, amount: number): string {
  return name === 'cpu' ? cores(amount) : bytes(amount);
}
