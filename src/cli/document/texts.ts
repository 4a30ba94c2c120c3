import type { Path } from './value.ts';

/**
 * Pieces of a document's text, by the JSON pointer of the value that each stands for. Null stands for a
 * value that had no piece of its own: a merge key had said it.
 */
export type Texts = Readonly<Record<string, string | null>>;

export function pointerOf(path: Path): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

export function pathOf(pointer: string): string[] {
  const steps = pointer.split('/').slice(1);
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}
