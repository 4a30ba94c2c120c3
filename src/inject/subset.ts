/**
 * Whether `actual` says all that `planned` says. Objects may hold more keys: the API server fills in
 * defaults between two calls. Arrays whose items have a name or a mount path are sets of those, and
 * may hold more: other injectors add to them. Other arrays must be alike.
 */
export function isSubset(planned: unknown, actual: unknown): boolean {
  if (Array.isArray(planned)) return Array.isArray(actual) && isSubsetOfItems(planned, actual);
  if (isObject(planned)) {
    if (!isObject(actual)) return false;
    return Object.entries(planned).every(
      ([key, value]) => Object.hasOwn(actual, key) && isSubset(value, actual[key]),
    );
  }
  return Object.is(planned, actual);
}

function isSubsetOfItems(planned: readonly unknown[], actual: readonly unknown[]): boolean {
  const identified = planned.every((item) => identity(item) !== undefined);
  if (!identified) {
    return planned.length === actual.length && planned.every((item, index) => isSubset(item, actual[index]));
  }
  return planned.every((item) => {
    // All of them: of two variables of one name, the last is in force.
    const same = actual.filter((other) => identity(other) === identity(item));
    return same.length > 0 && same.every((other) => isSubset(item, other));
  });
}

function identity(item: unknown): unknown {
  return isObject(item) ? (item.mountPath ?? item.name) : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
