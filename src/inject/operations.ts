/** One RFC 6902 operation. */
export type Operation =
  | { op: 'add' | 'replace'; path: string; value: unknown }
  | { op: 'remove'; path: string };

/** Returns the operations that take those items out of a list: the last first, so that places stay what they are. */
export function removed<T>(path: string, items: readonly T[], goes: (item: T) => boolean): Operation[] {
  const operations: Operation[] = [];
  for (let index = items.length - 1; index >= 0; index -= 1) {
    if (goes(items[index]!)) operations.push({ op: 'remove', path: `${path}/${index}` });
  }
  return operations;
}

/** Returns the same, but the whole list goes where all of it would, unless it is to stay when it is empty. */
export function removals<T>(
  path: string,
  items: readonly T[] = [],
  goes: (item: T) => boolean,
  stays: boolean,
): Operation[] {
  const operations = removed(path, items, goes);
  const emptied = operations.length > 0 && operations.length === items.length;
  return emptied && !stays ? [{ op: 'remove', path }] : operations;
}

/** Returns a key, or a part of a path, as a JSON pointer has it. */
export function escaped(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1');
}

function unescaped(token: string): string {
  return token.includes('~') ? token.replaceAll('~1', '/').replaceAll('~0', '~') : token;
}

/**
 * Returns the document after the operations, in order. What is given stays as it is; what no operation leads
 * through is shared with it. Throws, as RFC 6902 wants, where an operation leads to no place.
 */
export function applied<T>(document: T, operations: readonly Operation[]): T {
  // Copied once, however many operations lead through.
  const owned = new Set<object>();
  const holder: Holder = { document };
  let parent: Holder | unknown[] = holder;
  let parentPath: string | undefined;
  for (const operation of operations) {
    const { path } = operation;
    const end = path.lastIndexOf('/');
    if (end === -1) {
      if (path !== '') throw misplaced(operation);
      write(holder, 'document', operation);
      parentPath = undefined;
      continue;
    }
    const above = path.slice(0, end);
    // An operation on one child leaves its parent where it was, so the parent need not be looked up again.
    if (above !== parentPath) parent = ownedAt(holder, above, operation, owned);
    parentPath = above;
    write(parent, unescaped(path.slice(end + 1)), operation);
  }
  return holder.document as T;
}

type Holder = Record<string, unknown>;

/** Returns the value at the path, after a copy of it and of all that is on the way to it. */
function ownedAt(holder: Holder, path: string, operation: Operation, owned: Set<object>): Holder | unknown[] {
  const [first, ...steps] = path.split('/');
  if (first !== '') throw misplaced(operation);
  let parent: Holder | unknown[] = ownedChild(holder, 'document', operation, owned);
  for (const step of steps) parent = ownedChild(parent, unescaped(step), operation, owned);
  return parent;
}

function ownedChild(
  parent: Holder | unknown[],
  step: string,
  operation: Operation,
  owned: Set<object>,
): Holder | unknown[] {
  const child = read(parent, step, operation);
  if (typeof child !== 'object' || child === null) throw misplaced(operation);
  if (owned.has(child)) return child as Holder;
  const copy: Holder | unknown[] = Array.isArray(child) ? child.slice() : { ...child };
  owned.add(copy);
  if (Array.isArray(parent)) parent[Number(step)] = copy;
  else define(parent, step, copy);
  return copy;
}

function read(parent: Holder | unknown[], step: string, operation: Operation): unknown {
  if (Array.isArray(parent)) return parent[indexOf(step, parent.length - 1, operation)];
  if (!Object.hasOwn(parent, step)) throw misplaced(operation);
  return parent[step];
}

function write(parent: Holder | unknown[], last: string, operation: Operation): void {
  if (Array.isArray(parent)) {
    const added = operation.op === 'add';
    const index =
      added && last === '-' ? parent.length : indexOf(last, parent.length - (added ? 0 : 1), operation);
    if (operation.op === 'remove') parent.splice(index, 1);
    else parent.splice(index, added ? 0 : 1, operation.value);
    return;
  }
  if (operation.op !== 'add' && !Object.hasOwn(parent, last)) throw misplaced(operation);
  if (operation.op === 'remove') delete parent[last];
  else define(parent, last, operation.value);
}

/** Sets a key. One that is called __proto__ can't be set by assignment. */
function define(parent: Holder, key: string, value: unknown): void {
  if (key !== '__proto__') parent[key] = value;
  else Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true });
}

function indexOf(step: string, most: number, operation: Operation): number {
  const index = /^(0|[1-9]\d{0,8})$/.test(step) ? Number(step) : Number.NaN;
  if (index <= most) return index;
  throw misplaced(operation);
}

function misplaced({ op, path }: Operation): Error {
  return new Error(`the operation "${op}" leads to no place: ${path}`);
}
