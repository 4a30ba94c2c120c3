/** The grants of one replica, whose caches show what the test puts there and nothing else. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { keys } from '../../../src/inject/annotations.ts';
import { grantOf } from '../../../src/inject/granted-names.ts';
import { Metrics } from '../../../src/metrics.ts';
import { ApiError } from '../../../src/watcher/kubernetes/api-error.ts';
import { silent } from '../../../src/watcher/log.ts';
import { type GrantBindingState, grantBinding } from '../../../src/webhook/access/grant-binding.ts';
import { Grants } from '../../../src/webhook/access/grants.ts';
import { ObjectCache } from '../../../src/webhook/state/cache.ts';
import type { NamespaceState } from '../../../src/webhook/state/object-state.ts';
import { RecordedLog } from '../../watcher/recorded-log.ts';
import { connected } from '../connected-client.ts';
import { bindingsOf, EXCLUDED } from './access-cluster.ts';
import { accountsIn, grantBindingOf, granted, made, namespace } from './grant-objects.ts';

async function withCaches(t: TestContext) {
  const ways = await connected(t);
  const log = new RecordedLog();
  const state = {
    namespaces: new ObjectCache<NamespaceState>(),
    grants: new ObjectCache<GrantBindingState>(),
  };
  const metrics = new Metrics();
  const grants = new Grants({ api: ways.client, state, metrics, log, excluded: EXCLUDED });
  const cache = (name: string, grant: string, terminating = false) => {
    const cached = { terminating, labels: {}, annotations: {}, grant: grantOf(grant) };
    state.namespaces.absorb({ type: 'set', key: name, members: [cached] });
  };
  return { ...ways, log, grants, cache };
}

test('of a namespace of the cluster itself, or one that ends, nothing is wanted and nothing is asked', async (t) => {
  const { api, grants, cache } = await withCaches(t);
  cache('kube-system', 'shop');
  cache('ending', 'shop', true);
  cache('team-b', 'shop');
  const wanted = ['kube-system', 'ending', 'team-b', 'unknown'].map((name) => grants.isWanted(name));
  assert.deepEqual(wanted, [false, false, true, false]);
  for (const name of ['kube-system', 'ending', 'unknown']) await grants.provide(name);
  assert.deepEqual(api.requests, []);
});

test('a namespace that has ended since it was cached gets nothing', async (t) => {
  const { api, grants, cache } = await withCaches(t);
  namespace(api, 'ending', 'shop', { deletionTimestamp: '2026-01-01T00:00:00Z' });
  cache('ending', 'shop');
  await grants.provide('ending');
  assert.equal(api.get(grantBindingOf('ending')), undefined);
});

test('a binding is written over and deleted only as it was read, and keeps what others wrote on it', async (t) => {
  const { api, grants, cache } = await withCaches(t);
  const theirs = { note: 'kept' };
  const { metadata } = grantBinding([]);
  namespace(api, 'team-b', 'shop');
  cache('team-b', 'shop');
  api.create(bindingsOf('team-b'), made(['eve'], { metadata: { ...metadata, annotations: theirs } }));
  const read = api.get(grantBindingOf('team-b'))!.metadata!;
  await grants.provide('team-b');
  const bodyOf = (method: string) => JSON.parse(api.requests.find((one) => one.method === method)!.body!);
  assert.equal(bodyOf('PUT').metadata.resourceVersion, read.resourceVersion);
  const written = api.get(grantBindingOf('team-b'))!.metadata!;
  assert.deepEqual([granted(api, 'team-b'), written.annotations], [accountsIn('shop'), theirs]);
  namespace(api, 'team-b');
  await grants.provide('team-b');
  const { uid, resourceVersion } = written;
  assert.deepEqual(bodyOf('DELETE').preconditions, { uid, resourceVersion });
  assert.equal(api.get(grantBindingOf('team-b')), undefined);
});

test('a binding that another replica has deleted first is looked at again, and that is no failure', async (t) => {
  const { api, grants, cache } = await withCaches(t);
  namespace(api, 'team-b');
  cache('team-b', 'shop');
  api.create(bindingsOf('team-b'), made(['shop']));
  api.fault(({ method }) => {
    if (method !== 'DELETE') return undefined;
    api.fault(undefined);
    api.delete(grantBindingOf('team-b'));
    return { status: 404 };
  });
  await grants.provide('team-b');
  assert.equal(api.get(grantBindingOf('team-b')), undefined);
});

test('words that were mended are told of again when they are written again', async (t) => {
  const { api, log, grants, cache } = await withCaches(t);
  for (const grant of ['shop, Team_A', 'shop', 'shop, Team_A']) {
    namespace(api, 'team-b', grant);
    cache('team-b', grant);
    await grants.provide('team-b');
  }
  assert.equal(log.said(/ignored/).length, 2);
});

/** Returns how many attempts a binding takes whose writes fail with these statuses, and how that ends. */
async function attempts(...statuses: number[]): Promise<[number, string]> {
  let made = 0;
  const api = {
    get: (path: string) =>
      path.includes('rolebindings')
        ? Promise.reject(new ApiError({ code: 404 }, 'response', 0))
        : Promise.resolve({ metadata: { annotations: { [keys.grant.key]: 'team-a' } } }),
    create: async () => {
      made += 1;
      const code = statuses[made - 1];
      if (code !== undefined) throw new ApiError({ code }, 'response', 0);
    },
  };
  const state = {
    namespaces: new Map([['team-b', { grant: grantOf('team-a') }]]),
    grants: new Map(),
  };
  const given = { api, state, metrics: new Metrics(), log: { ...silent, debug() {} }, excluded: [] };
  const grants = new Grants(given as never);
  const end = await grants.provide('team-b').then(
    () => 'done',
    ({ status }: ApiError) => `${status}`,
  );
  return [made, end];
}

test('a binding that another replica has written, or taken away, meanwhile is looked at again, ten times at most', async (t) => {
  t.mock.method(Math, 'random', () => 0);
  assert.deepEqual(await attempts(), [1, 'done']);
  assert.deepEqual(await attempts(409, 404), [3, 'done']);
  for (const status of [403, 410, 500]) assert.deepEqual(await attempts(status), [1, `${status}`]);
  assert.deepEqual(await attempts(...Array(9).fill(409)), [10, 'done']);
  assert.deepEqual(await attempts(...Array(10).fill(409)), [10, '409']);
});
