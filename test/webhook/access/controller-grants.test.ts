/** Grants over the controller's real way to the API double: list, watch, look again, write. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GRANT_BINDING } from '../../../src/inject/names.ts';
import { grantBinding } from '../../../src/webhook/access/grant-binding.ts';
import { soon } from '../../support/eventually.ts';
import type { KubernetesDouble } from '../../support/kubernetes-double.ts';
import { accessCluster, bindingsOf, EXCLUDED, NAMESPACES } from './access-cluster.ts';
import { accountsIn, grantBindingOf, granted, made, namespace } from './grant-objects.ts';

const isGranted = (api: KubernetesDouble, name: string, ...to: string[]) =>
  soon(`grant of ${name} to ${to}`, () => granted(api, name)?.join() === accountsIn(...to).join());

/** Waits until all earlier events are handled: a grant that comes last is bound. */
async function caughtUp(api: KubernetesDouble): Promise<void> {
  const name = `last-${api.requests.length}`;
  namespace(api, name, 'shop');
  await isGranted(api, name, 'shop');
}

test('a grant is bound as its annotation is written, changed and taken away', async (t) => {
  const { api, replica } = await accessCluster(t);
  namespace(api, 'early', 'shop');
  namespace(api, 'silent');
  const { log } = await replica();
  await isGranted(api, 'early', 'shop');
  namespace(api, 'late', 'shop, team-a');
  await isGranted(api, 'late', 'shop', 'team-a');
  namespace(api, 'late', 'team-a, team-c');
  await isGranted(api, 'late', 'team-a', 'team-c');
  namespace(api, 'late');
  await soon('end of the binding', () => api.get(grantBindingOf('late')) === undefined);
  assert.equal(api.get(grantBindingOf('silent')), undefined);
  assert.deepEqual(
    log.entries.filter(({ level }) => level !== 'info'),
    [],
  );
});

test('what was missed while no replica ran is found at the start', async (t) => {
  const { api, replica } = await accessCluster(t);
  namespace(api, 'over');
  namespace(api, 'less', 'shop');
  namespace(api, 'gone', 'shop');
  api.create(bindingsOf('over'), made(['shop']));
  api.create(bindingsOf('less'), made(['shop', 'team-a']));
  await replica();
  await soon('end of a grant that is over', () => api.get(grantBindingOf('over')) === undefined);
  await isGranted(api, 'less', 'shop');
  await isGranted(api, 'gone', 'shop');
});

test('a binding that vanishes or is altered is mended', async (t) => {
  const { api, replica } = await accessCluster(t);
  namespace(api, 'team-b', 'shop');
  const { metric } = await replica();
  await isGranted(api, 'team-b', 'shop');
  api.delete(grantBindingOf('team-b'));
  await isGranted(api, 'team-b', 'shop');
  const eve = { kind: 'ServiceAccount', namespace: 'eve', name: 'default' };
  api.replace(bindingsOf('team-b'), made(['shop', 'team-a'], { subjects: [eve] }));
  await isGranted(api, 'team-b', 'shop');
  api.delete(grantBindingOf('team-b'));
  const roleRef = { ...grantBinding([]).roleRef, name: 'view' };
  api.create(bindingsOf('team-b'), made(['shop'], { roleRef }));
  const right = () => (api.get(grantBindingOf('team-b'))?.roleRef as typeof roleRef)?.name === GRANT_BINDING;
  await soon('binding to the right role', right);
  // A replica counts a change when the API has answered, which is after the binding is there.
  await soon('count of the changes', () => metric('grant_changes_total') >= 4);
});

test('a binding that Rollcall does not manage stays as it is, and that is told', async (t) => {
  const { api, replica } = await accessCluster(t);
  const theirs = made(['eve'], { metadata: { name: GRANT_BINDING } });
  namespace(api, 'team-b', 'shop');
  namespace(api, 'other');
  for (const name of ['team-b', 'other']) api.create(bindingsOf(name), theirs);
  const { log, metric } = await replica();
  await soon('word of it', () => log.said(/is not managed/).length > 0);
  await caughtUp(api);
  for (const name of ['team-b', 'other']) assert.deepEqual(granted(api, name), accountsIn('eve'));
  assert.deepEqual(
    log.said(/is not managed/).map(({ namespace: of }) => of),
    ['team-b'],
  );
  assert.equal(metric('access_failing_namespaces'), 0);
});

test('nothing is granted in namespaces of the cluster itself, nor to them, nor to oneself', async (t) => {
  const { api, replica } = await accessCluster(t);
  for (const name of EXCLUDED) namespace(api, name, 'shop');
  namespace(api, 'team-b', 'kube-system, shop, rollcall-system, team-b');
  namespace(api, 'team-c', 'kube-system');
  await replica();
  await isGranted(api, 'team-b', 'shop');
  await caughtUp(api);
  for (const name of [...EXCLUDED, 'team-c']) assert.equal(api.get(grantBindingOf(name)), undefined, name);
});

test('words that count for nothing are told once, and again when they change', async (t) => {
  const { api, replica } = await accessCluster(t);
  namespace(api, 'team-b', 'shop, Team_A');
  const { log } = await replica();
  const words = () => log.said(/ignored/).map(({ ignored }) => ignored);
  await isGranted(api, 'team-b', 'shop');
  await soon('word of it', () => words().length === 1);
  namespace(api, 'team-b', 'shop, Team_A', { labels: { a: 'b' } });
  await caughtUp(api);
  assert.deepEqual(words(), [['Team_A']]);
  namespace(api, 'team-b', '*');
  await soon('word of the other one', () => words().length === 2);
  await soon('end of the binding', () => api.get(grantBindingOf('team-b')) === undefined);
});

test('words of a namespace that is gone are forgotten: one that is made again under its name is told of', async (t) => {
  const { api, replica } = await accessCluster(t);
  namespace(api, 'team-b', 'Team_A');
  const { log, metric } = await replica();
  const words = () => log.said(/ignored/).length;
  await soon('word of it', () => words() === 1);
  api.delete(`${NAMESPACES}/team-b`);
  await caughtUp(api);
  await soon('end of all work', () => metric('access_queued_namespaces') === 0);
  namespace(api, 'team-b', 'Team_A');
  await soon('word of the new one', () => words() === 2);
});

test('a namespace that ends is left alone, without a word', async (t) => {
  const { api, replica } = await accessCluster(t);
  namespace(api, 'ending', 'shop', { deletionTimestamp: '2026-01-01T00:00:00Z' });
  namespace(api, 'gone', 'shop');
  const { log } = await replica();
  await isGranted(api, 'gone', 'shop');
  api.delete(`${NAMESPACES}/gone`);
  api.delete(grantBindingOf('gone'));
  await caughtUp(api);
  assert.equal(api.get(grantBindingOf('ending')) ?? api.get(grantBindingOf('gone')), undefined);
  assert.deepEqual(log.said(/not provided/), []);
});

test('three replicas come to the same end, and then rest', async (t) => {
  const { api, replica, writes } = await accessCluster(t);
  namespace(api, 'team-b', 'shop');
  for (let count = 0; count < 3; count += 1) await replica();
  for (const grant of ['team-a', 'shop, team-a', 'team-c', 'shop']) {
    namespace(api, 'team-b', grant);
    await isGranted(api, 'team-b', ...grant.split(', '));
    api.delete(grantBindingOf('team-b'));
    await isGranted(api, 'team-b', ...grant.split(', '));
  }
  for (let round = 0; round < 2; round += 1) await caughtUp(api);
  const before = api.get(grantBindingOf('team-b'));
  const count = writes().length;
  for (let round = 0; round < 2; round += 1) await caughtUp(api);
  assert.deepEqual(
    writes()
      .slice(count)
      .filter((write) => !write.includes('/last-')),
    [],
  );
  assert.deepEqual(api.get(grantBindingOf('team-b')), before);
});

test('a write that is tried again is of the annotation as it is then', async (t) => {
  const { api, replica } = await accessCluster(t);
  namespace(api, 'team-b', 'shop');
  await replica();
  await isGranted(api, 'team-b', 'shop');
  const written: string[] = [];
  api.fault(({ method, path, body }) => {
    if (method !== 'PUT' || path !== grantBindingOf('team-b')) return undefined;
    const { subjects } = JSON.parse(body!) as { subjects: { namespace: string }[] };
    written.push([...new Set(subjects.map((one) => one.namespace))].join());
    if (written.length > 1) return undefined;
    // Another replica was faster, and the grant is taken back from team-a before this one looks again.
    namespace(api, 'team-b', 'team-c');
    return { status: 409 };
  });
  namespace(api, 'team-b', 'team-a');
  await isGranted(api, 'team-b', 'team-c');
  assert.deepEqual(written, ['team-a', 'team-c']);
});

test('a namespace that refuses is tried again, and holds up no other', async (t) => {
  const { api, replica } = await accessCluster(t);
  const { metric } = await replica();
  let refusing = true;
  api.fault(({ method, path }) =>
    refusing && method === 'POST' && path.includes('/bad/') ? { status: 403 } : undefined,
  );
  namespace(api, 'bad', 'shop');
  await soon('failing namespace', () => metric('access_failing_namespaces') === 1);
  await caughtUp(api);
  refusing = false;
  await isGranted(api, 'bad', 'shop');
});

test('a grant is taken back also where the roles of the namespace can not be provided', async (t) => {
  const { api, replica } = await accessCluster(t);
  namespace(api, 'team-b', 'shop', { labels: { 'rollcall.dev/injection': 'enabled' } });
  api.fault(({ method, path }) =>
    method === 'POST' && path.endsWith('/serviceaccounts') ? { status: 403 } : undefined,
  );
  await replica();
  await isGranted(api, 'team-b', 'shop');
  namespace(api, 'team-b', undefined, { labels: { 'rollcall.dev/injection': 'enabled' } });
  await soon('end of the binding', () => api.get(grantBindingOf('team-b')) === undefined);
});

test('who grants is known from the caches, and read while they are not fresh', async (t) => {
  const { api, replica } = await accessCluster(t);
  namespace(api, 'team-b', 'shop, team-a');
  namespace(api, 'team-c', 'shop-two');
  namespace(api, 'ending', 'shop', { deletionTimestamp: '2026-01-01T00:00:00Z' });
  const { state, stop } = await replica();
  await caughtUp(api);
  const names = ['team-b', 'team-c', 'ending', 'not-there'];
  const count = api.requests.length;
  assert.deepEqual(await state.grantsTo('shop', names), ['team-b']);
  assert.deepEqual(await state.grantsTo('team-a', names), ['team-b']);
  assert.equal(api.requests.length, count, 'no request, also for a name that is made up');
  await stop();
  namespace(api, 'team-b', 'team-a');
  namespace(api, 'team-c', 'shop');
  const [first, second] = await Promise.all([state.grantsTo('shop', names), state.grantsTo('shop', names)]);
  assert.deepEqual([first, second], [['team-c'], ['team-c']]);
  const reads = api.requests.slice(count).filter(({ method, watch }) => method === 'GET' && !watch);
  assert.equal(reads.length, names.length, 'two reviews share the reads');
});
