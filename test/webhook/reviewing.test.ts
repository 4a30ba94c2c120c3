/** The parts that answer reviews, put together as the webhook does it, over connections to the API double. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import { Metrics } from '../../src/metrics.ts';
import { silent } from '../../src/watcher/log.ts';
import { isStatus } from '../../src/webhook/api/api.ts';
import { Refused } from '../../src/webhook/refused.ts';
import { review } from '../../src/webhook/review.ts';
import { reviewing } from '../../src/webhook/reviewing.ts';
import { askingPod, INSTALL } from '../inject/pods.ts';
import { connected } from './connected-client.ts';
import { request } from './reviews.ts';

async function started(t: TestContext) {
  const { api, client } = await connected(t);
  api.create('/api/v1/namespaces', { metadata: { name: 'demo' } });
  const ending = { name: 'ending', deletionTimestamp: '2026-01-01T00:00:00Z' };
  api.create('/api/v1/namespaces', { metadata: ending });
  const features = () => ({ nativeSidecars: true, podResources: true });
  const { context } = reviewing({
    install: INSTALL,
    api: client,
    metrics: new Metrics(),
    log: silent,
    features,
  });
  return { api, context };
}

const keeping = askingPod(({ metadata, spec }) => {
  metadata!.annotations![keys.serviceAccount.key] = 'keep';
  spec.serviceAccountName = 'absent';
});

for (const [what, asked, sentence] of [
  ['names a namespace that is not there', { namespace: 'absent' }, /namespaces "absent" not found/],
  ['names an account that is not there', { object: keeping }, /serviceaccounts "absent" not found/],
  ['is for a namespace that is being deleted', { namespace: 'ending' }, /"ending" is being deleted/],
] as const) {
  test(`a request that ${what} is refused, and is no internal fault`, async (t) => {
    const { context } = await started(t);
    await assert.rejects(review(request(asked), context), (error) => {
      assert.ok(error instanceof Refused, String(error));
      assert.equal(error.status, 422);
      assert.match(error.message, sentence);
      return true;
    });
  });
}

const about = (kind: string, name: string) => ({
  message: `${kind} "${name}" not found`,
  details: { kind, name },
});
const POST_BINDING = 'POST /apis/rbac.authorization.k8s.io/v1/namespaces/demo/rolebindings';
const POST_ACCOUNT = 'POST /api/v1/namespaces/demo/serviceaccounts';

/** Reviews a pod of `demo` while one request gets this answer. */
async function refusedAt(t: TestContext, where: string, body: object | undefined, object = askingPod()) {
  const { api, context } = await started(t);
  api.fault(({ method, path }) => (`${method} ${path}` === where ? { status: 404, body } : undefined));
  return review(request({ object }), context).then(
    () => assert.fail('it was answered'),
    (error: unknown) => error,
  );
}

for (const [what, where, body] of [
  ['a role that is not there', POST_BINDING, about('clusterroles', 'rollcall-watcher')],
  ['a resource that the server does not have', POST_BINDING, { message: 'no such resource', details: {} }],
  ['a proxy that knows no such path', 'GET /api/v1/namespaces/demo', { error: 'no route' }],
  ['an answer about another namespace', 'GET /api/v1/namespaces/demo', about('namespaces', 'other')],
  ['an answer about another kind', 'GET /api/v1/namespaces/demo', about('toString', 'demo')],
  ['an answer about another account', POST_ACCOUNT, about('serviceaccounts', 'other')],
] as const) {
  test(`${what} is a fault of the installation, whatever the request names`, async (t) => {
    const error = await refusedAt(t, where, body);
    assert.ok(isStatus(error, 404), String(error));
  });
}

test('a namespace or an account that goes in the meantime is no fault of the installation', async (t) => {
  for (const [where, body, object] of [
    [POST_ACCOUNT, about('namespaces', 'demo'), askingPod()],
    [POST_BINDING, about('namespaces', 'demo'), askingPod()],
    ['GET /api/v1/namespaces/demo/serviceaccounts/absent', about('serviceaccounts', 'absent'), keeping],
  ] as const) {
    const error = await refusedAt(t, where, body, object);
    assert.ok(error instanceof Refused && error.status === 422, `${where}: ${String(error)}`);
  }
});

test('an API server that refuses is a fault, whatever the request names', async (t) => {
  const { api, context } = await started(t);
  for (const status of [403, 500]) {
    api.fault(() => ({ status, body: {} }));
    await assert.rejects(review(request(), context), (error) => isStatus(error, status));
  }
});

test('a namespace of the cluster itself grants nothing, whatever its annotation says', async (t) => {
  const { api, context } = await started(t);
  for (const name of ['kube-system', 'team-b'])
    api.create('/api/v1/namespaces', { metadata: { name, annotations: { [keys.grant.key]: 'demo' } } });
  assert.deepEqual(await context.grantsTo('demo', ['kube-system', 'team-b']), ['team-b']);
});
