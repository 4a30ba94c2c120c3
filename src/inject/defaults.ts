import { type Key, keys, PLACES, type Written } from './annotations.ts';

/** The keys that an installation may give. */
export const GIVEN = Object.values<Key<unknown>>(keys).filter(
  ({ on, kind }) => kind === 'annotation' && (PLACES[on] as readonly Written[]).includes('installation'),
);

/** Reads the defaults of an installation, each given as `KEY=VALUE`. Throws an error that says what to give instead. */
export function parseDefaults(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(texts.map(parseDefault));
}

function parseDefault(text: string): [key: string, value: string] {
  const equals = text.indexOf('=');
  const [name, value] = [text.slice(0, Math.max(0, equals)), text.slice(equals + 1)];
  const key = GIVEN.find((one) => (one.key.endsWith('.') ? name.startsWith(one.key) : name === one.key));
  if (key === undefined) {
    const all = GIVEN.map((one) => one.key);
    throw new Error(`"${text}" is not valid; give KEY=VALUE with one of ${all.join(' ')}`);
  }
  try {
    if (key.parseNamed !== undefined) key.parseNamed(name.slice(key.key.length), value);
    else key.parse(value);
  } catch (error) {
    throw new Error(`"${text}" is not valid; ${(error as Error).message}`);
  }
  return [name, value];
}
