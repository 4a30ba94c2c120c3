import type { Operation } from '../../inject/operations.ts';
import { copyOf, type Fields, setKey, type Value } from './value.ts';

/** The value after the operations of RFC 6902; the one given stays as it is. */
export function applyOperations(value: Value, operations: readonly Operation[]): Value {
  const root = { document: copyOf(value) };
  for (const operation of operations) apply(root, operation);
  return root.document;
}

function apply(root: { document: Value }, operation: Operation): void {
  const steps = ['document', ...operation.path.split('/').slice(1).map(unescaped)];
  const last = steps.pop()!;
  const parent = steps.reduce<Value>((here, step) => (here as Fields)[step]!, root as unknown as Fields);
  const value = 'value' in operation ? (structuredClone(operation.value) as Value) : null;
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : Number(last);
    if (operation.op === 'add') parent.splice(index, 0, value);
    else if (operation.op === 'replace') parent[index] = value;
    else parent.splice(index, 1);
  } else if (operation.op === 'remove') delete (parent as Fields)[last];
  else setKey(parent as Fields, last, value);
}

function unescaped(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}
