/** The certificates of whole replicas, from the first start to a renewal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { issue } from '../../../src/webhook/certificates/issue.ts';
import { dataOf } from '../../../src/webhook/certificates/store.ts';
import { type Connected, writes } from '../connected-client.ts';
import { days, HOSTS, legacy, pair } from './pairs.ts';
import {
  bundlesOf,
  CONFIGURATION,
  CONFIGURATIONS,
  content,
  entry,
  OVERLAP_LOOKS,
  put,
  type Replica,
  SECRET,
  SECRETS,
  start,
  started,
  webhooksOf,
} from './replica.ts';

test('the first replica issues, stores, publishes, and only then serves', async (t) => {
  const both = await start(t);
  const { served } = await started(both);
  assert.deepEqual(content(both).serving, served);
  assert.equal(both.api.get(SECRET)?.type, 'kubernetes.io/tls');
  assert.deepEqual(bundlesOf(both), [served!.cert, served!.cert]);
  assert.deepEqual(writes(both), [`POST ${SECRETS}`, `PATCH ${CONFIGURATION}`]);
});

test('what is published is the bundle and nothing else', async (t) => {
  const both = await start(t);
  const before = structuredClone(webhooksOf(both));
  await started(both);
  const after = webhooksOf(both).map(({ clientConfig: { caBundle: _, ...rest }, ...others }) => ({
    ...others,
    clientConfig: rest,
  }));
  assert.deepEqual(after, before);
});

test('several replicas that start at once end with one certificate', async (t) => {
  const both = await start(t);
  const replicas = await Promise.all([started(both), started(both), started(both)]);
  const served = replicas[0]?.served;
  assert.deepEqual(
    replicas.map((replica) => replica.served),
    [served, served, served],
  );
  assert.deepEqual(content(both).serving, served);
  assert.deepEqual(bundlesOf(both), [served!.cert, served!.cert]);
});

test('the next start takes what is stored and writes nothing', async (t) => {
  const both = await start(t);
  const { served } = await started(both);
  const before = writes(both);
  const next = await started(both);
  assert.deepEqual(next.served, served);
  await next.look(3);
  assert.deepEqual(writes(both), before);
});

/** Asserts that every bundle trusts what each replica serves; it must hold at any moment. */
function assertTrusted(both: Connected, replicas: readonly Replica[], issuer?: string): void {
  for (const bundle of bundlesOf(both)) {
    for (const { served } of replicas) {
      assert.ok(bundle.includes(served!.cert) || (issuer !== undefined && bundle.includes(issuer)));
    }
  }
}

test('two replicas that keep no step go through a renewal, and all that is served is always trusted', async (t) => {
  const both = await start(t);
  const old = await issue(HOSTS, days(-250));
  put(both, dataOf({ serving: old, next: undefined, trusted: [old.cert], caKey: undefined }));
  const replicas = [await started(both), await started(both)];
  assert.deepEqual(
    replicas.map(({ served }) => served),
    [old, old],
  );
  const { next } = content(both);
  const seen = new Set<string>();
  for (let minute = 0; minute < 2 * OVERLAP_LOOKS + 5; minute += 1) {
    for (const replica of replicas) {
      await replica.look();
      assertTrusted(both, replicas);
      seen.add(bundlesOf(both)[0]!);
    }
  }
  assert.deepEqual(
    replicas.map(({ served }) => served),
    [next, next],
  );
  assert.deepEqual([...seen], [old.cert + next!.cert, next!.cert]);
});

test("a Secret of 0.1.0 is taken over: the CA's key goes, and all that is served is always trusted", async (t) => {
  const both = await start(t);
  const old = await legacy();
  put(both, dataOf(old));
  const replicas = [await started(both), await started(both)];
  assert.deepEqual(replicas[0]!.served, old.serving);
  for (let minute = 0; minute < 2 * OVERLAP_LOOKS + 5; minute += 1) {
    for (const replica of replicas) {
      await replica.look();
      assertTrusted(both, replicas, old.trusted[0]);
    }
  }
  const { serving } = content(both);
  assert.deepEqual(
    replicas.map(({ served }) => served),
    [serving, serving],
  );
  assert.deepEqual(Object.keys(both.api.get(SECRET)!.data as object).sort(), [
    'ca.crt',
    'tls.crt',
    'tls.key',
  ]);
  assert.deepEqual(bundlesOf(both), [serving!.cert, serving!.cert]);
});

test('a Secret that is damaged while replicas run is replaced, and what they serve stays trusted', async (t) => {
  const both = await start(t);
  const replicas = [await started(both), await started(both)];
  const before = replicas[0]!.served;
  const other = await pair();
  for (const damage of [{ 'tls.key': '' }, { 'tls.key': Buffer.from(other.key).toString('base64') }]) {
    const { data, ...secret } = both.api.get(SECRET)!;
    both.api.replace(SECRETS, { ...secret, data: { ...(data as object), ...damage } });
    for (let minute = 0; minute < 3; minute += 1) {
      for (const replica of replicas) {
        await replica.look();
        assertTrusted(both, replicas);
      }
    }
    assert.deepEqual(replicas[0]!.served, content(both).serving);
    assert.deepEqual(replicas[1]!.served, replicas[0]!.served);
  }
  assert.notDeepEqual(replicas[0]!.served, before);
});

test('a Secret that is deleted is made again by a replica that just started, and others go on', async (t) => {
  const both = await start(t);
  const running = await started(both);
  const before = running.served;
  both.api.delete(SECRET);
  const newcomer = await started(both);
  assert.notDeepEqual(newcomer.served, before);
  assert.deepEqual([running.settled, newcomer.settled], [0, 1], 'API servers that call are waited for');
  assertTrusted(both, [running, newcomer]);
  await running.look(2);
  assert.deepEqual(running.served, newcomer.served);
});

test('what others wrote on the Secret stays, and so does its type', async (t) => {
  const both = await start(t);
  const labels = { team: 'platform' };
  both.api.create(SECRETS, { metadata: { name: 'rollcall-tls', labels }, type: 'Opaque' });
  await started(both);
  const { type, metadata } = both.api.get(SECRET)!;
  assert.deepEqual([type, metadata?.labels], ['Opaque', labels]);
});

test('a bundle that somebody took away is published again', async (t) => {
  const both = await start(t);
  const replica = await started(both);
  both.api.replace(CONFIGURATIONS, {
    metadata: { name: 'rollcall' },
    webhooks: [entry('pods.rollcall.dev')],
  });
  await replica.look();
  assert.deepEqual(bundlesOf(both), [replica.served!.cert]);
});

test('an API server that is away at the start is asked again', async (t) => {
  const both = await start(t);
  let faults = 1;
  both.api.fault(() => (faults-- > 0 ? { status: 503 } : undefined));
  const replica = await started(both);
  assert.equal(replica.served, undefined);
  await replica.look();
  await new Promise(setImmediate);
  assert.deepEqual(bundlesOf(both), [replica.served!.cert, replica.served!.cert]);
});
