import { undoAccount } from './account.ts';
import { isInjected, undoContainer } from './container.ts';
import { undoMounts } from './mounts.ts';
import type { Operation } from './operations.ts';
import type { Pod } from './pod.ts';
import { undoPullSecrets } from './pull-secrets.ts';
import { statusOf, undoAnnotations } from './status.ts';
import { undoVolumes } from './volumes.ts';

/**
 * Returns the operations that take out what injection put in, by its status annotation; none for a pod that was not
 * injected. It is `patch` read backwards.
 */
export function uninject(pod: Pod): Operation[] {
  const status = statusOf(pod);
  if (status === undefined || !isInjected(pod)) return [];
  const empty = new Set(status.empty);
  const wasEmpty = (part: string) => empty.has(part);
  return [
    // The mounts come first, while the containers are where they were found.
    ...undoMounts(pod, wasEmpty),
    ...undoContainer(pod, wasEmpty),
    ...undoVolumes(pod, wasEmpty),
    ...undoAccount(pod, status),
    ...undoPullSecrets(pod, status, wasEmpty),
    ...undoAnnotations(pod, status, wasEmpty),
  ];
}
