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

test('a role that is not there is a fault of the installation, whatever the request names', async (t) => {
  const { api, context } = await started(t);
  const missing = { message: 'rolebindings.rbac.authorization.k8s.io "rollcall-watcher" not found' };
  api.fault(({ method, path }) =>
    method === 'POST' && path.endsWith('/rolebindings') ? { status: 404, body: missing } : undefined,
  );
  await assert.rejects(review(request(), context), (error) => {
    assert.ok(!(error instanceof Refused), String(error));
    assert.match(String(error), /rolebindings.* not found/);
    return true;
  });
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
