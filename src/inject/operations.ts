/** One RFC 6902 operation. */
export type Operation =
  | { op: 'add' | 'replace'; path: string; value: unknown }
  | { op: 'remove'; path: string };

/** Takes those items out of a list: the last first, so that places stay what they are. */
export function removed<T>(path: string, items: readonly T[], goes: (item: T) => boolean): Operation[] {
  return items
    .flatMap((item, index): Operation[] => (goes(item) ? [{ op: 'remove', path: `${path}/${index}` }] : []))
    .reverse();
}

/** A key, or part of a path, as a JSON pointer has it. */
export function escaped(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1');
}
