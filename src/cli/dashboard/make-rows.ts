/** Makes the rows of the tables of the page from what the dashboard knows. */
import { keys } from '../../inject/annotations.ts';
import type { Install } from '../../inject/plan.ts';
import type { Namespace } from '../../inject/pod.ts';
import type { Member } from '../../watcher/protocol.ts';
import { standingOf, unasked, type ViewStanding } from '../sidecars/standing.ts';
import type { Truths } from '../sidecars/truths.ts';
import type { WatchedGroupView } from './group.ts';
import { titleOf } from './group-key.ts';
import type { HeldPod } from './held-pod.ts';
import type { GroupRow, MemberRow, NamespaceRow, PodRow, ViewRow } from './rows.ts';
import { type Heard, keyOf } from './sidecar-news.ts';
import { whyOf } from './why.ts';

/** The clocks of the dashboard: milliseconds that only grow, and the time of day. */
export interface StateClock {
  now(): number;
  date(): Date;
}

export function namespaceRow(
  name: string,
  namespace: Namespace | undefined,
  pods: readonly (PodRow | undefined)[],
): NamespaceRow {
  return {
    name,
    asks: namespace?.labels[keys.injection.key] === 'enabled',
    pods: pods.length,
    injected: pods.filter((pod) => pod?.state === 'injected').length,
    missing: pods.filter((pod) => pod?.state === 'skipped' || pod?.state === 'missed').length,
  };
}

/** Returns the row of a pod. A namespace of which nothing is known yet counts as one without labels and annotations. */
export function podRow(pod: HeldPod, known: Namespace | undefined, install: Install): PodRow {
  const { namespace, name, phase, node, created, restarts } = pod;
  return {
    namespace,
    name,
    phase,
    node,
    created,
    restarts: Object.values(restarts).reduce((sum, count) => sum + count, 0),
    group: keyOf(pod) ?? '',
    ...whyOf(pod, known ?? { name: namespace, labels: {}, annotations: {} }, install),
  };
}

/** Returns the row of a group, which has a sidecar at least. */
export function groupRow(key: string, group: WatchedGroupView, sidecars: readonly HeldPod[]): GroupRow {
  const members = [...group.members.values()];
  const [first] = sidecars;
  return {
    key,
    namespace: first!.namespace,
    title: titleOf(first!.sidecar!),
    source: [...new Set(sidecars.map(({ sidecar }) => sidecar!.source))].sort().join(', '),
    sidecars: sidecars.length,
    members: group.known ? members.length : null,
    ready: group.known ? members.filter(({ ready }) => ready).length : null,
  };
}

export function memberRow(group: string, member: Member): MemberRow {
  const { uid, name, ready, terminating, zone = '', node = '' } = member;
  return { group, uid, name, ready, leaving: terminating, zone, node };
}

/** Returns the row of the view of a sidecar, by what it answered last. */
export function viewRow(
  group: string,
  { name, sidecar }: HeldPod,
  heard: Heard | undefined,
  truths: Truths,
  clock: StateClock,
): ViewRow {
  const { behindSince, ...standing } = standingBy(heard, sidecar!, truths);
  const ago = behindSince === undefined ? null : clock.now() - behindSince;
  return {
    ...standing,
    group,
    pod: name,
    behindSince: ago === null ? null : Math.round(clock.date().getTime() - ago),
    asked: heard?.at ?? null,
  };
}

function standingBy(
  heard: Heard | undefined,
  sidecar: NonNullable<HeldPod['sidecar']>,
  truths: Truths,
): ViewStanding {
  if (sidecar.port === 'off') return unasked('it has no port to be asked at');
  if (heard === undefined) return { state: 'pending', why: '' };
  if ('why' in heard) return unasked(heard.why);
  return standingOf(heard.answer, sidecar, truths);
}
