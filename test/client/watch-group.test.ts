import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type GroupChange, watchGroup } from '../../src/client/watch-group.ts';
import { endpointSlice, podEndpoint, slicePath } from '../support/endpoint-slices.ts';
import { soon } from '../support/eventually.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { kubernetesDouble, startKubernetesDouble } from '../support/kubernetes-double.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

import { member, scripted } from '../watcher/scripted-source.ts';

/** A group that follows a scripted source. */
function follow(signal?: AbortSignal) {
  const clock = new FakeClock();
  const source = scripted();
  const group = watchGroup({
    service: 'db',
    namespace: 'default',
    source: { name: 'pods', ...source },
    clock,
    signal,
  });
  return { clock, source, group };
}

const parts = (...uids: string[]) => new Map([['a', uids.map((uid) => member(uid))]]);
const names = (members: readonly { name: string }[]) => members.map(({ name }) => name).sort();

test('a service is followed over the API, without a sidecar', async (t) => {
  const api = await kubernetesDouble(t);
  const group = (...pods: string[]) =>
    endpointSlice({
      namespace: 'default',
      service: 'db',
      name: 'db-a',
      endpoints: pods.map((name, index) => podEndpoint({ name, uid: `uid-${name}`, ip: `10.0.0.${index}` })),
    });
  api.create(slicePath('default'), group('db-0', 'db-1'));
  const followed = watchGroup({
    service: 'db',
    namespace: 'default',
    server: api.url,
    self: { name: 'db-1' },
    clusterDomain: 'cluster.test',
  });
  t.after(() => followed.close());
  const changes: GroupChange[] = [];
  const reading = (async () => {
    for await (const change of followed) changes.push(change);
  })();
  await followed.ready();
  assert.deepEqual([followed.self?.name, followed.stale, followed.revision], ['db-1', false, 1]);
  assert.equal(followed.self?.hostname, 'db-1.db.default.svc.cluster.test');
  assert.deepEqual(followed.hello?.group, { namespace: 'default', service: 'db' });
  api.replace(slicePath('default', 'db-a'), group('db-1', 'db-2'));
  await soon('the change', () => changes.length === 2);
  assert.deepEqual(
    changes.map(({ left, joined }) => [names(left), names(joined)]),
    [
      [[], ['db-0', 'db-1']],
      [['db-0'], ['db-2']],
    ],
  );
  followed.close();
  await reading;
});

test('pods are followed by their selector', async (t) => {
  const api = await kubernetesDouble(t);
  const pods = '/api/v1/namespaces/default/pods';
  for (const [name, app] of [
    ['db-0', 'db'],
    ['web-0', 'web'],
  ]) {
    api.create(pods, {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { name: name!, labels: { app: app! } },
      status: { podIP: '10.0.0.1' },
    });
  }
  const group = watchGroup({ selector: 'app=db', namespace: 'default', server: api.url });
  t.after(() => group.close());
  await group.ready();
  assert.deepEqual(names([...group.members.values()]), ['db-0']);
  assert.deepEqual(group.hello?.group, { namespace: 'default', selector: 'app=db' });
});

test('labels of members and how many there are to be are told as a sidecar tells them', async (t) => {
  const api = await kubernetesDouble(t);
  const scale = '/apis/apps/v1/namespaces/default/statefulsets/db/scale';
  const body = { kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: 3 } };
  api.fault(({ path }) => (path === scale ? { status: 200, body } : undefined));
  const labels = { app: 'db', role: 'primary' };
  const { metadata } = api.create('/api/v1/namespaces/default/pods', {
    metadata: { name: 'db-0', labels },
    status: { podIP: '10.0.0.1' },
  });
  const endpoints = [podEndpoint({ name: 'db-0', uid: metadata!.uid!, ip: '10.0.0.1' })];
  api.create(slicePath('default'), endpointSlice({ namespace: 'default', service: 'db', endpoints }));
  const options = {
    namespace: 'default',
    server: api.url,
    memberLabels: ['role'],
    expected: 'statefulset db',
  };
  for (const what of [{ service: 'db' }, { selector: 'app=db' }]) {
    const group = watchGroup({ ...options, ...what });
    t.after(() => group.close());
    await group.ready();
    await soon('the number', () => group.expected === 3);
    assert.deepEqual(
      [...group.members.values()].map((one) => one.labels),
      [{ role: 'primary' }],
    );
    assert.equal(group.stale, false);
  }
});

test('a change of the members has the workload asked again soon, and not only when its turn comes', async () => {
  const { source, clock } = follow();
  const api = await startKubernetesDouble();
  const body = { kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: 1 } };
  api.fault(() => ({ status: 200, body }));
  const group = watchGroup({
    service: 'db',
    namespace: 'default',
    server: api.url,
    source: { name: 'pods', ...source },
    clock,
    expected: 'statefulset db',
  });
  try {
    source.push({ type: 'replace', parts: parts('u0') });
    await soon('the number', () => group.expected === 1);
    body.spec.replicas = 2;
    source.push({ type: 'set', key: 'a', members: [member('u0'), member('u1')] });
    await settle();
    await clock.advance(2000);
    await soon('the new number', () => group.expected === 2);
  } finally {
    group.close();
    await api.close();
  }
});

test('a number of members that is given is told at once, whatever the source', async () => {
  const { source, clock } = follow();
  const db = { service: 'db', namespace: 'default', clock, source: { name: 'pods' as const, ...source } };
  const group = watchGroup({ ...db, expected: 5 });
  assert.deepEqual([group.expected, group.hello?.expected], [5, 5]);
  group.close();
  assert.throws(
    () => watchGroup({ ...db, expected: 'job x' }),
    /^Error: expected: "job x" is not valid; give a number from 0/,
  );
  watchGroup({ ...db, memberLabels: [] }).close();
  assert.throws(
    () => watchGroup({ ...db, memberLabels: ['a=b'] }),
    /^Error: memberLabels: "a=b" is not valid; "a=b" is no/,
  );
  for (const from of [db.source, 'dns' as const])
    assert.throws(
      () => watchGroup({ ...db, source: from, memberLabels: ['role'] }),
      /^Error: memberLabels: "role" is for members that the API tells of; leave it out, or take another source/,
    );
});

test('a service is followed by DNS, which needs neither server nor token', async () => {
  const db = { service: 'db', namespace: 'default', clusterDomain: 'cluster.invalid' };
  const group = watchGroup({ ...db, source: 'dns' });
  assert.deepEqual([group.hello?.source, group.synced], ['dns', false]);
  group.close();
});

test('what upstream fails to say is told as stale, also before anything is known', async () => {
  const { clock, source, group } = follow();
  assert.deepEqual([group.synced, group.stale, group.reason], [false, true, 'unsynced']);
  source.push({ type: 'failure', reason: 'forbidden', message: 'the API server says 403' });
  await clock.advance(5000);
  source.push({ type: 'tick' });
  await settle();
  assert.deepEqual(
    [group.synced, group.reason, group.status.message],
    [false, 'forbidden', 'the API server says 403'],
  );

  source.push({ type: 'replace', parts: parts('u0'), partial: 'a part is missing' });
  await settle();
  assert.deepEqual([group.synced, group.stale, group.reason], [true, true, 'partial']);
  source.push({ type: 'replace', parts: parts('u0', 'u1') });
  await clock.advance(20);
  assert.deepEqual([group.members.size, group.stale, group.reason], [2, false, undefined]);
  source.push({ type: 'failure', reason: 'disconnected', message: 'gone' });
  await settle();
  assert.deepEqual([group.members.size, group.stale, group.reason], [2, true, 'disconnected']);
  group.close();
});

test('an abort ends it, and nothing is heard of it any more', async () => {
  const stop = new AbortController();
  const { clock, source, group } = follow(stop.signal);
  source.push({ type: 'replace', parts: parts('u0') });
  await group.ready();
  const items = group[Symbol.asyncIterator]();
  await items.next();
  const pending = items.next();
  stop.abort();
  assert.deepEqual(await pending, { done: true, value: undefined });
  source.push({ type: 'replace', parts: parts('u1') });
  await clock.advance(1000);
  assert.deepEqual([...group.members.keys()], ['u0']);
  assert.equal(group.stale, true);
});

test('a source that breaks is an error, not silence', async () => {
  const clock = new FakeClock();
  const source = {
    name: 'pods' as const,
    // biome-ignore lint/correctness/useYield: it breaks before it says anything
    async *events(): AsyncGenerator<never, never> {
      throw new Error('broken');
    },
  };
  const group = watchGroup({ service: 'db', namespace: 'default', source, clock });
  await assert.rejects(group.ready(), /broken/);
});

test('what only the caller can mend is thrown, in the names of the options', async (t) => {
  const directory = await temporaryFolder(t);
  const empty = join(directory, 'token');
  await writeFile(empty, '');
  const server = 'https://127.0.0.1:1';
  const db = { service: 'db', namespace: 'default' };
  assert.throws(
    () => watchGroup({ ...db, server, tokenFile: empty }),
    /^Error: tokenFile: ".*" is empty; give/,
  );
  assert.throws(() => watchGroup({ ...db, server, caFile: empty }), /^Error: caFile: ".*no PEM certificate/);
  assert.throws(
    () => watchGroup({ ...db, source: 'pods' }),
    /^Error: selector is missing; give it, since the source "pods" needs it/,
  );
  const labelled = { selector: 'app=db', namespace: 'default' };
  assert.throws(
    () => watchGroup({ ...labelled, source: 'dns' }),
    /^Error: service is missing; give it, since the source "dns"/,
  );
  if (process.env.KUBERNETES_SERVICE_HOST !== undefined) return t.skip('this is a pod');
  assert.throws(() => watchGroup(db), /^Error: server is missing and this is not a pod/);
  assert.throws(() => watchGroup({ service: 'db', server }), /^Error: namespace is missing/);
});
