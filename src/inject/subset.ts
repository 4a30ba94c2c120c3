/**
 * Tells whether `actual` says all that `planned` says. Objects may hold more keys: the API server fills in
 * defaults between two calls. Arrays whose items have a name or a mount path are sets of those, and
 * may hold more: other injectors add to them. Other arrays must be alike.
 */
export function isSubset(planned: unknown, actual: unknown): boolean {
  if (Object.is(planned, actual)) return true;
  if (Array.isArray(planned)) return Array.isArray(actual) && isSubsetOfItems(planned, actual);
  if (!isObject(planned) || !isObject(actual)) return false;
  for (const key of Object.keys(planned)) {
    if (!Object.hasOwn(actual, key) || !isSubset(planned[key], actual[key])) return false;
  }
  return true;
}

function isSubsetOfItems(planned: readonly unknown[], actual: readonly unknown[]): boolean {
  const identified = planned.every((item) => identity(item) !== undefined);
  if (!identified) {
    return planned.length === actual.length && planned.every((item, index) => isSubset(item, actual[index]));
  }
  const byIdentity = Map.groupBy(actual, identity);
  // Every item of the name has to agree, since the last of two variables of one name is in force.
  return planned.every(
    (item) => byIdentity.get(identity(item))?.every((other) => isSubset(item, other)) === true,
  );
}

function identity(item: unknown): unknown {
  return isObject(item) ? (item.mountPath ?? item.name) : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
