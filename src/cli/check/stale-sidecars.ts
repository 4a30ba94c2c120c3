import type { Cluster } from '../cluster/cluster.ts';
import { Unreachable } from '../cluster/request.ts';
import { named } from '../named.ts';
import { type CheckContext, type Finding, fail, ok, warn } from './finding.ts';
import type { SidecarPod } from './pod-survey.ts';

/** The number of sidecars that are asked. They are spread over all, so a fault of a namespace or a node shows. */
const ASKED = 100;
/** The number that is asked at the same time: when no pod answers, 100 of them take 50 s and not 500. */
const AT_ONCE = 10;

type Word = 'fresh' | 'stale' | 'silent' | 'forbidden';

/** Checks that sidecars follow their group. It asks them through the API server's proxy. */
export async function staleSidecars({ cluster, pods }: CheckContext): Promise<Finding> {
  const { sidecars } = await pods();
  // One that does not start is told by another check, and nobody answers for it.
  const reachable = sidecars.filter(({ port, waits }) => port !== 'off' && waits === undefined);
  if (reachable.length === 0) return ok('no sidecar has a port that could be asked');
  return judged(await askAll(cluster, spread(reachable, ASKED)), reachable.length);
}

function judged(words: readonly (readonly [SidecarPod, Word])[], all: number): Finding {
  const of = (word: Word) => words.filter(([, one]) => one === word).map(([pod]) => titleOf(pod));
  const [stale, silent, forbidden] = [of('stale'), of('silent'), of('forbidden')];
  const asked = words.length === all ? `all ${all} sidecars` : `${words.length} of ${all} sidecars`;
  if (stale.length > 0) {
    const message = `of ${asked}, ${stale.length} can't follow their group: ${named(stale)}`;
    return fail('sidecars-stale', message, 'the log of their container rollcall says why');
  }
  if (forbidden.length > 0) {
    const message = 'sidecars can not be asked: you may not use the proxy to pods';
    return warn('unreadable', message, 'check as somebody who may get pods/proxy');
  }
  if (silent.length > 0) {
    const message = `of ${asked}, ${silent.length} do not answer the API server: ${named(silent)}`;
    const hint = 'a NetworkPolicy may keep it from them; their metrics say the same: rollcall_stale';
    return warn('sidecars-silent', message, hint);
  }
  return ok(`of ${asked}, each follows its group`);
}

async function askAll(cluster: Cluster, pods: readonly SidecarPod[]): Promise<[SidecarPod, Word][]> {
  const words: [SidecarPod, Word][] = [];
  const waiting = pods.values();
  const asker = async () => {
    for (const pod of waiting) words.push([pod, await ask(cluster, pod)]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, asker));
  return words;
}

/** `/readyz` says both whether the group is known and whether it is stale; a proxy that fails says neither. */
async function ask(cluster: Cluster, { namespace, name, port }: SidecarPod): Promise<Word> {
  try {
    const { status, body } = await cluster.ofPod({ namespace, name, port: port as number }, '/readyz');
    if (typeof body.synced === 'boolean') return body.synced && body.stale !== true ? 'fresh' : 'stale';
    return status === 403 ? 'forbidden' : 'silent';
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    return 'silent';
  }
}

/** Returns `count` of the items, as far apart as possible. */
function spread<T>(items: readonly T[], count: number): T[] {
  const step = Math.max(1, items.length / count);
  return Array.from(
    { length: Math.min(count, items.length) },
    (_, index) => items[Math.floor(index * step)]!,
  );
}

function titleOf({ namespace, name }: SidecarPod): string {
  return `${namespace}/${name}`;
}
