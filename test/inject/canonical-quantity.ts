/**
 * How an API server writes a quantity, whatever it was given: whole numbers, the largest unit of the kind
 * that was used, nothing finer than a thousandth (which is rounded up).
 */
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

export function canonical(text: string): string {
  const [, whole = '', fraction = '', suffix = ''] = /^\+?(\d*)\.?(\d*)(.*)$/.exec(text)!;
  const digits = BigInt(whole + fraction || '0');
  // In thousandths of billionths, in which every decimal is a whole number here.
  const scale = 10n ** 12n;
  const nano = ceiling(digits * factor(suffix, scale), 10n ** BigInt(fraction.length));
  const thousandths = ceiling(nano * 1000n, scale);
  if (BINARY.includes(suffix) && suffix !== '' && thousandths % 1000n === 0n && thousandths >= 1_024_000n)
    return largest(thousandths / 1000n, 1024n, BINARY);
  return largest(thousandths, 1000n, DECIMAL.slice(2));
}

function factor(suffix: string, scale: bigint): bigint {
  if (BINARY.includes(suffix)) return scale * 1024n ** BigInt(BINARY.indexOf(suffix));
  const exponent = /^[eE]([-+]?\d+)$/.exec(suffix);
  const power = exponent === null ? (DECIMAL.indexOf(suffix) - 3) * 3 : Number(exponent[1]);
  return power < 0 ? scale / 10n ** BigInt(-power) : scale * 10n ** BigInt(power);
}

function ceiling(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}

function largest(amount: bigint, step: bigint, [unit, ...more]: readonly string[]): string {
  if (amount === 0n) return '0';
  return amount % step === 0n && more.length > 0 ? largest(amount / step, step, more) : `${amount}${unit}`;
}
