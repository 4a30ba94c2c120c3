import type { Path } from './value.ts';

/**
 * Pieces of the text of a document, by the JSON pointer of their value. Null is for a value that had no text
 * of its own, because it came from a merge key.
 */
export type Texts = Readonly<Record<string, string | null>>;

export function pointerOf(path: Path): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

export function pathOf(pointer: string): string[] {
  const steps = pointer.split('/').slice(1);
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}
