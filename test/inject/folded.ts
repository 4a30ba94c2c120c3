/**
 * `folded` writes a JSON value as lines that each give the whole path, so that two values can be compared
 * line by line: `/spec/containers/[app]/image = "app:1"`. An object in a list is known by its name where all
 * of the list have names of their own, else by its place; other items of a list have `[]`. `unfolded` reads
 * the lines back: no two values have the same lines.
 */
import { escaped, type Operation } from '../../src/inject/operations.ts';

type Fields = Record<string, unknown>;

export function folded(value: unknown, at = ''): string[] {
  if (Array.isArray(value) && value.length > 0) {
    const labels = labelsOf(value);
    return value.flatMap((item, index) => {
      const label = labels[index]!;
      return folded(label === `[${item?.name}]` ? without(item, 'name') : item, `${at}/${label}`);
    });
  }
  if (isFields(value) && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([key, child]) => folded(child, `${at}/${escaped(key)}`));
  }
  return [`${at} = ${JSON.stringify(value)}`];
}

/**
 * Writes each operation as a line for what it does and where, then the lines of its value. A container has
 * the same lines in a list that is new and as an item of a list that is there.
 */
export function foldedPatch(patch: readonly Operation[]): string[] {
  return patch.flatMap((operation) => {
    const head = `${operation.op} ${operation.path}`;
    if (operation.op === 'remove') return [head];
    const { value } = operation;
    if (Array.isArray(value)) return [`${head}: list`, ...folded(value)];
    if (isFields(value)) {
      const named = typeof value.name === 'string' && labelsOf([value])[0] !== '[0]';
      return named
        ? [`${head}: item ${value.name}`, ...folded([value])]
        : [`${head}: object`, ...folded(value)];
    }
    const fields = fieldsIn(value);
    return fields ? [`${head}: object in text`, ...folded(fields)] : [`${head} = ${JSON.stringify(value)}`];
  });
}

export function unfolded(lines: readonly string[]): unknown {
  const root: { value?: unknown } = {};
  for (const line of lines) {
    const equals = line.indexOf(' = ');
    const steps = line.slice(0, equals).split('/').slice(1);
    root.value = written(root.value, steps, JSON.parse(line.slice(equals + 3)));
  }
  return root.value;
}

export function unfoldedPatch(lines: readonly string[]): Operation[] {
  const heads = lines.flatMap((line, at) => (/^\w/.test(line) ? [at] : []));
  return heads.map((at, index) => {
    const [, op, path, kind, scalar] = /^(\w+) (\S+?)(?:: (.*)| = (.*))?$/.exec(lines[at]!)!;
    if (op === 'remove') return { op, path: path! };
    const value = kind ? unfolded(lines.slice(at + 1, heads[index + 1])) : JSON.parse(scalar!);
    return { op: op as 'add', path: path!, value: ofKind(kind, value) };
  });
}

function ofKind(kind: string | undefined, value: unknown): unknown {
  if (kind?.startsWith('item ')) return (value as unknown[])[0];
  return kind === 'object in text' ? JSON.stringify(value) : value;
}

/** The object of which the text is the JSON, without spaces: the status annotation is such a text. */
function fieldsIn(value: unknown): Fields | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    const fields: unknown = JSON.parse(value);
    return isFields(fields) && JSON.stringify(fields) === value ? fields : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the parent with the value put at those steps. Items of lists are appended in the order of the lines. */
function written(parent: unknown, [step, ...rest]: readonly string[], value: unknown): unknown {
  if (step === undefined) return value;
  const label = /^\[(.*)\]$/.exec(step)?.[1];
  if (label === undefined) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    const fields = (parent ?? {}) as Fields;
    return { ...fields, [key]: written(fields[key], rest, value) };
  }
  const list = (parent ?? []) as unknown[];
  const index = label === '' ? list.length : placeOf(label, list);
  const named = index === list.length && label !== '' && !isPlace(label) ? { name: label } : undefined;
  const child = written(list[index] ?? named, rest, value);
  return list.toSpliced(index, 1, named === undefined ? child : { ...named, ...(child as Fields) });
}

function placeOf(label: string, list: readonly unknown[]): number {
  if (isPlace(label)) return Number(label);
  const found = list.findIndex((item) => isFields(item) && item.name === label);
  return found === -1 ? list.length : found;
}

function labelsOf(items: readonly unknown[]): string[] {
  if (!items.some((item) => typeof item === 'object' && item !== null)) return items.map(() => '[]');
  const names = items.map((item) => (isFields(item) ? item.name : undefined));
  const sound = names.every((name) => typeof name === 'string' && /^[a-z_][\w.-]*$/i.test(name));
  if (!sound || new Set(names).size < names.length) return items.map((_, index) => `[${index}]`);
  return names.map((name) => `[${name}]`);
}

function isPlace(label: string): boolean {
  return /^\d+$/.test(label);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function without(fields: Fields, key: string): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([one]) => one !== key));
}
