import { NAME } from './names.ts';
import type { Container, Pod } from './pod.ts';

export function isInjected({ spec }: Pod): boolean {
  return [...(spec.initContainers ?? []), ...spec.containers].some(looksLikeOurs);
}

/** Ours, of whatever version and from whatever mirror. */
export function looksLikeOurs({ name, args }: Container): boolean {
  return name === NAME && Array.isArray(args) && args[0] === 'sidecar';
}
