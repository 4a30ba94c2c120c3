/** Tells what is new about a sidecar: its answer, and its containers that were started again. */
import type { SidecarAnswer } from '../sidecars/answer.ts';
import type { Happened } from './group.ts';
import { groupKey } from './group-key.ts';
import type { HeldPod } from './held-pod.ts';

/** The answer of a sidecar, or the reason for none, with its time. */
export type Heard = { answer: SidecarAnswer; at: number } | { why: string; at: number };

/** Returns the key of the group under which a pod is shown; none where all groups of its sidecar have names. */
export function keyOf(pod: HeldPod | undefined): string | undefined {
  const { source, group } = pod?.sidecar ?? {};
  return source === undefined || group === undefined ? undefined : groupKey(pod!.namespace, source, group);
}

/** Returns the events of containers of a pod that were started again. */
export function restartsOf(before: HeldPod, { name, restarts }: HeldPod): Happened[] {
  return Object.entries(restarts).flatMap(([container, count]) =>
    count > (before.restarts[container] ?? 0)
      ? [
          {
            what: 'restarted' as const,
            name,
            text: `container ${container} was started again, ${count} times by now`,
          },
        ]
      : [],
  );
}

/**
 * Returns an event when the answer of a sidecar became stale, or fresh again. A first answer that is fresh is no event.
 */
export function stalenessOf(name: string, before: Heard | undefined, heard: Heard): Happened[] {
  if (!('answer' in heard)) return [];
  const was = before !== undefined && 'answer' in before ? before.answer.stale : undefined;
  const { stale, reason, message } = heard.answer;
  if (was === stale || (was === undefined && !stale)) return [];
  const text = stale
    ? `its sidecar is stale (${reason ?? 'no reason given'}): ${message ?? ''}`
    : 'its sidecar is fresh again';
  return [{ what: stale ? 'stale' : 'fresh', name, text }];
}
