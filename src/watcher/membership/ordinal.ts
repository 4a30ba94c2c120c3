/**
 * The ordinal of a StatefulSet pod. Only the governing Service gives a hostname that equals the
 * name; elsewhere five digits or more may be the random end of a Deployment pod's name.
 */
export function ordinalOf(name: string, hostname: string | undefined): number | undefined {
  const digits = /-(0|[1-9]\d*)$/.exec(name)?.[1];
  if (digits === undefined) return undefined;
  return hostname === name || digits.length < 5 ? Number(digits) : undefined;
}
