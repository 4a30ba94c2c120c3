/** Kubernetes quantities: `500m`, `128Mi`, `1.5`, `2e3`. */

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

/** A quantity with more is none that an API server writes. */
const CHARACTERS = 64;
/** What is more than this, an API server takes for this. */
const MOST = 2 ** 63;

/** Cores or bytes; undefined when the text is no quantity. */
export function amountOf(text: unknown): number | undefined {
  if (String(text).length > CHARACTERS) return undefined;
  const match = /^\+?(\d+(?:\.\d*)?|\.\d+)(?:([eE][-+]?\d{1,3})|([numkMGTPE]|[KMGTPE]i))?$/.exec(
    String(text),
  );
  if (match === null) return undefined;
  const [, digits, exponent = '', unit = ''] = match;
  return Math.min(Number(digits! + exponent) * FACTORS[unit]!, MOST);
}

/** A positive quantity as it was given. */
export function quantity(example: string) {
  return (text: string): string => {
    if ((amountOf(text) ?? 0) > 0) return text;
    throw new Error(`give a quantity above zero, such as ${example}`);
  };
}

/** Of whole thousandths of a core, the text that an API server keeps as it is: others it rewrites. */
export function cores(thousandths: number): string {
  return thousandths % 1000 === 0
    ? shortest(thousandths / 1000, 1000, ['', 'k', 'M', 'G'])
    : `${thousandths}m`;
}

/** Likewise of whole bytes. */
export function bytes(count: number): string {
  return count % 1024 === 0
    ? shortest(count, 1024, ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'])
    : shortest(count, 1000, ['', 'k', 'M', 'G', 'T', 'P']);
}

function shortest(amount: number, factor: number, [unit, ...larger]: readonly string[]): string {
  if (amount === 0 || amount % factor !== 0 || larger.length === 0) return `${amount}${unit}`;
  return shortest(amount / factor, factor, larger);
}

/** Thousandths of a core, or bytes; a part of one counts as one, as the API server rounds. */
export function unitsOf(name: Resource, text: unknown): number | undefined {
  const given = amountOf(text);
  // What binary fractions are off by is no part of a thousandth.
  return given === undefined ? undefined : Math.ceil(given * (name === 'cpu' ? 1000 : 1) - 1e-6);
}

/** The same as text, in the words of the API server. */
export function written(name: Resource, amount: number): string {
  return name === 'cpu' ? cores(amount) : bytes(amount);
}
