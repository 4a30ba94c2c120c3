/** The report of `rollcall repair` for answers that a real API server hardly ever gives. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Cluster } from '../../../src/cli/cluster/cluster.ts';
import type { Fields } from '../../../src/cli/document/value.ts';
import { planFor } from '../../../src/cli/repair/plan.ts';
import { kubernetesDouble } from '../../support/kubernetes-double.ts';
import { kubeconfig } from '../answering-api.ts';
import { folder, run } from '../run.ts';

const SHOP = '/api/v1/namespaces/shop';
const NAMESPACES = [{ metadata: { name: 'shop', labels: { 'rollcall.dev/injection': 'enabled' } } }];

/** A pod of a ReplicaSet that asks for the sidecar and has none. */
function missed(name: string, app = 'app'): object {
  const owner = { kind: 'ReplicaSet', name: app, uid: 'r1', controller: true };
  const annotations = { 'rollcall.dev/service': 'app' };
  return {
    metadata: { name, namespace: 'shop', uid: name, annotations, ownerReferences: [owner] },
    spec: { containers: [{ name: 'app', image: 'app:1' }] },
  };
}

/**
 * Returns a kubeconfig of an API where evictions are answered with these statuses, by pod; `cut` breaks the connection. The
 * webhook is for the namespaces of `only`.
 */
async function cluster(
  t: TestContext,
  evictions: Record<string, number | 'cut'>,
  { app, only = ['shop'] }: { app?: string; only?: readonly string[] } = {},
): Promise<string> {
  const api = await kubernetesDouble(t);
  const lists: Record<string, object[]> = {
    'GET /api/v1/namespaces': NAMESPACES,
    'GET /api/v1/pods': Object.keys(evictions).map((name) => missed(name, app)),
    [`GET ${SHOP}/pods`]: [],
  };
  api.fault(({ method, path, body }) => {
    const items = lists[`${method} ${path}`];
    if (items !== undefined) return { status: 200, body: { items } };
    if (path.endsWith('/mutatingwebhookconfigurations/rollcall')) {
      const term = { key: 'kubernetes.io/metadata.name', operator: 'In', values: only };
      const namespaceSelector = { matchExpressions: [term] };
      return { status: 200, body: { webhooks: [{ name: 'pods.rollcall.dev', namespaceSelector }] } };
    }
    const [, name] = /\/pods\/(\w+)\/eviction$/.exec(path) ?? [];
    const answer = evictions[name ?? ''];
    if (answer === 'cut') return { destroy: true };
    if (answer !== undefined) return { status: answer, body: { message: 'so it is' } };
    const initContainers = [{ name: 'rollcall', args: ['sidecar'] }];
    if (method === 'POST') {
      // As a webhook that can't say how many members there are to be where the copy has lost its owner.
      if (JSON.parse(body!).metadata.ownerReferences?.length !== 1) return { status: 422, body: {} };
      return { status: 201, body: { spec: { initContainers, containers: [] } } };
    }
    return { status: 404, body: {} };
  });
  const directory = await folder(t, { config: kubeconfig('fake', api.url) });
  return join(directory, 'config');
}

async function repair(t: TestContext, evictions: Record<string, number | 'cut'>, only?: readonly string[]) {
  const config = await cluster(t, evictions, only === undefined ? {} : { only });
  const { out, code } = await run('repair', ['--yes', '-o', 'json', '--kubeconfig', config]);
  const { result, done, left, error } = JSON.parse(out);
  assert.equal(result, code === 0 ? 'ok' : 'fail');
  const named = (all: Record<string, string>[]) => all.map((one) => `${one.name} ${one.code}`);
  return { code, error, done: named(done), left: named(left) };
}

test('a pod that has left, or whose name another has, is no failure', async (t) => {
  assert.deepEqual(await repair(t, { a: 404, b: 409, c: 201 }), {
    code: 0,
    error: undefined,
    done: ['a gone', 'b gone', 'c evicted'],
    left: [],
  });
});

test('an eviction that is refused is a failure, and the next pod is evicted all the same', async (t) => {
  const { code, done } = await repair(t, { a: 403, b: 201 });
  assert.deepEqual([code, done], [1, ['a refused', 'b evicted']]);
});

test('those that were not repaired are said once more at the end', async (t) => {
  const config = await cluster(t, { a: 403, b: 201, c: 429, d: 404 });
  const { out, code } = await run('repair', ['--yes', '--kubeconfig', config]);
  assert.equal(code, 1);
  assert.match(out, /\n\nNot repaired: 2 of 4, shop\/a \(refused\), shop\/c \(budget\)\.\n$/);
  const fine = await run('repair', ['--yes', '--kubeconfig', await cluster(t, { a: 201 })]);
  assert.equal(fine.code, 0);
  assert.doesNotMatch(fine.out, /Not repaired/);
});

test('what was evicted before the API server went away is reported', async (t) => {
  const { code, done, error } = await repair(t, { a: 201, b: 'cut' });
  assert.deepEqual([code, done], [1, ['a evicted']]);
  assert.match(error, /can't be reached/);
});

test('the name of an owner, which anybody may write, acts on no terminal', async (t) => {
  const config = await cluster(t, { a: 201 }, { app: 'app\u001b[2J\nevict  kube-system/dns' });
  const { out } = await run('repair', ['--kubeconfig', config]);
  assert.match(
    out,
    /^evict {2}shop\/a, which ReplicaSet app\\u001b\[2J\\u000aevict {2}kube-system\/dns makes/m,
  );
  assert.match(out, /\n\nNothing was changed; --yes evicts them\.\n$/);
});

test('pods of another namespace that say they have the same owner decide nothing', async () => {
  const pods = ['eve', 'shop'].map((namespace) => {
    const object = missed('a') as Fields & { metadata: Fields };
    return {
      namespace,
      name: 'a',
      itself: true,
      leftOut: false,
      object: { ...object, metadata: { ...object.metadata, namespace } },
    };
  });
  const dryRun = async ({ namespace }: { namespace: string }) =>
    namespace === 'eve'
      ? { status: 422, body: { message: 'no' }, warnings: [] }
      : {
          status: 201,
          body: { spec: { initContainers: [{ name: 'rollcall', args: ['sidecar'] }], containers: [] } },
          warnings: [],
        };
  const { evict, left } = await planFor({ dryRun } as unknown as Cluster, pods, 'rollcall-system');
  assert.deepEqual(
    [evict.map(({ namespace }) => namespace), left.map(({ namespace }) => namespace)],
    [['shop'], ['eve']],
  );
});

test('a pod that the webhook configuration leaves out is left alone', async (t) => {
  const { code, done, left } = await repair(t, { a: 201 }, ['other']);
  assert.deepEqual([code, done, left], [1, [], ['a left-out']]);
});
