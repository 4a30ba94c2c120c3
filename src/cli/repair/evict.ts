import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster.ts';
import { listed } from '../cluster/listing.ts';
import { refusal } from '../cluster/request.ts';
import { at, type Value } from '../document/value.ts';
import { isReady } from '../workloads.ts';
import { controllerOf, type EvictionCandidate } from './plan.ts';

/** The pause between two looks at the pods of a controller. A pod takes seconds to start. */
const LOOK_MS = 1000;

/**
 * The number of controllers whose pods may fail to come back before the rest is left. What is wrong with so many is
 * wrong with the cluster, and each of them costs the whole patience once.
 */
const MOST_NOT_REPLACED = 3;

/** The outcome of one eviction. `gone` says that the pod had left before. The codes are stable. */
export interface EvictionOutcome {
  namespace: string;
  name: string;
  code: 'evicted' | 'gone' | 'budget' | 'refused' | 'not-replaced' | 'not-begun';
  why: string;
}

/**
 * Evicts the pods one after the other. Where one is not replaced in time, the others of its controller are left, so that
 * it never lacks more than that one; those of other controllers are evicted all the same, until too many lack one.
 */
export async function evictAll(
  cluster: Cluster,
  candidates: readonly EvictionCandidate[],
  timeoutMs: number,
  tell: (outcome: EvictionOutcome) => void,
): Promise<void> {
  const lacking = new Set<string>();
  for (const candidate of candidates) {
    const { namespace, name } = candidate;
    const controller = `${namespace}/${candidate.controller.uid}`;
    const became = notBegun(lacking, controller) ?? (await evict(cluster, candidate, timeoutMs));
    if (became.code === 'not-replaced') lacking.add(controller);
    tell({ namespace, name, ...became });
  }
}

type Became = Pick<EvictionOutcome, 'code' | 'why'>;

/** Returns why the next pod of a controller is left, by the controllers that lack one; undefined where it is not. */
function notBegun(lacking: ReadonlySet<string>, controller: string): Became | undefined {
  if (lacking.has(controller))
    return { code: 'not-begun', why: 'one before, of the same controller, was not replaced' };
  if (lacking.size < MOST_NOT_REPLACED) return undefined;
  return { code: 'not-begun', why: `pods of ${lacking.size} controllers before were not replaced` };
}

async function evict(cluster: Cluster, candidate: EvictionCandidate, timeoutMs: number): Promise<Became> {
  const { ready: before } = await podsOf(cluster, candidate);
  const reply = await cluster.evict(candidate);
  // 409: another pod has the name by now.
  if (reply.status === 404 || reply.status === 409) return { code: 'gone', why: 'it had left already' };
  if (reply.status === 429) {
    const why = `a budget of disruptions keeps it for now; try again later (${refusal(reply)})`;
    return { code: 'budget', why };
  }
  if (reply.status >= 300) return { code: 'refused', why: `it can't be evicted (${refusal(reply)})` };
  const until = performance.now() + timeoutMs;
  for (;;) {
    const { ready, there } = await podsOf(cluster, candidate);
    if (!there && ready >= before) return { code: 'evicted', why: 'evicted, and made again' };
    if (performance.now() > until) {
      const state = there
        ? 'it has not ended'
        : `${ready} of ${before} pods of its controller are ready again`;
      return { code: 'not-replaced', why: `evicted, and after ${timeoutMs / 1000} s ${state}` };
    }
    await delay(LOOK_MS);
  }
}

/** Counts the pods of the same controller that are ready and stay, and tells whether this one is still there. */
async function podsOf(
  cluster: Cluster,
  { namespace, uid, controller }: EvictionCandidate,
): Promise<{ ready: number; there: boolean }> {
  let [ready, there] = [0, false];
  for await (const pod of listed(cluster, { kind: 'Pod', namespace })) {
    there ||= at(pod, ['metadata', 'uid']) === uid;
    if (controllerOf(pod)?.uid === controller.uid && staysReady(pod)) ready += 1;
  }
  return { ready, there };
}

function staysReady(pod: Value): boolean {
  return at(pod, ['metadata', 'deletionTimestamp']) === undefined && isReady(pod);
}
