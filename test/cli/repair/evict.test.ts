import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cluster } from '../../../src/cli/cluster/cluster.ts';
import type { Reference } from '../../../src/cli/cluster/kinds.ts';
import { type EvictionOutcome, evictAll } from '../../../src/cli/repair/evict.ts';
import type { EvictionCandidate } from '../../../src/cli/repair/plan.ts';

/** The pods `CONTROLLER-NUMBER` in the namespace `shop`, or in the one before a slash. */
function candidate(title: string): EvictionCandidate {
  const [name = '', namespace = 'shop'] = title.split('/').toReversed();
  const controller = { kind: 'ReplicaSet', name: name.split('-')[0]!, uid: name.split('-')[0]! };
  return { namespace, name, uid: `${namespace}/${name}`, controller };
}

/** Evicts the pods, of which those of the controllers in `broken` are not made again. */
async function evicted(titles: readonly string[], broken: readonly string[]): Promise<string[]> {
  const pods = new Map(titles.map(candidate).map((pod) => [pod.uid, pod]));
  const get = async ({ namespace }: Reference) => {
    const items = [...pods.values()].map(({ uid, namespace: of, controller }) => ({
      metadata: { uid, namespace: of, ownerReferences: [{ ...controller, controller: true }] },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    }));
    return { status: 200, body: { items: items.filter(({ metadata }) => metadata.namespace === namespace) } };
  };
  const evict = async ({ uid }: { uid: string }) => {
    const pod = pods.get(uid)!;
    pods.delete(uid);
    const isBroken = broken.includes(`${pod.namespace}/${pod.controller.name}`);
    if (!isBroken) pods.set(`new ${uid}`, { ...pod, uid: `new ${uid}` });
    return { status: 201, body: {} };
  };
  const outcomes: EvictionOutcome[] = [];
  await evictAll({ get, evict } as unknown as Cluster, titles.map(candidate), 0, (one) => outcomes.push(one));
  assert.equal(outcomes.length, titles.length, 'each is told');
  assert.ok(outcomes.every(({ why }) => why !== ''));
  return outcomes.map(({ namespace, name, code }) => `${namespace}/${name} ${code}`);
}

test('a pod that is not replaced keeps the others of its controller, and no others', async () => {
  const titles = ['db-0', 'db-1', 'web-0', 'other/db-0', 'web-1'];
  assert.deepEqual(await evicted(titles, ['shop/db']), [
    'shop/db-0 not-replaced',
    'shop/db-1 not-begun',
    'shop/web-0 evicted',
    'other/db-0 evicted',
    'shop/web-1 evicted',
  ]);
});

test('after three controllers whose pods are not replaced the rest is left', async () => {
  const titles = ['a-0', 'web-0', 'b-0', 'web-1', 'c-0', 'web-2', 'd-0'];
  assert.deepEqual(await evicted(titles, ['shop/a', 'shop/b', 'shop/c', 'shop/d']), [
    'shop/a-0 not-replaced',
    'shop/web-0 evicted',
    'shop/b-0 not-replaced',
    'shop/web-1 evicted',
    'shop/c-0 not-replaced',
    'shop/web-2 not-begun',
    'shop/d-0 not-begun',
  ]);
});
