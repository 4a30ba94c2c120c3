/** Several writers of one binding at the same time: pods, replicas of the webhook, and people. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silent } from '../../../src/watcher/log.ts';
import { AccessProvisioner } from '../../../src/webhook/access/provisioner.ts';
import { isStatus } from '../../../src/webhook/api/api.ts';
import { ROLE_REF } from './access-cluster.ts';
import {
  ACCOUNTS,
  BINDING,
  BINDINGS,
  bindingWith,
  bound,
  type Started,
  slices,
  start,
  subject,
} from './demo-namespace.ts';

test('a binding of its role that could not be made in place of another forgets nobody', async (t) => {
  const started = await start(t, 'app', 'mine');
  const roleRef = { ...ROLE_REF, name: 'view' };
  started.api.create(BINDINGS, bindingWith({ roleRef, subjects: [subject('mine')] }));
  let refused = false;
  started.api.fault(({ method }) => {
    if (method !== 'POST' || refused) return undefined;
    refused = true;
    return { status: 409 };
  });
  await started.access.ensure('demo', slices('app'));
  assert.deepEqual(bound(started), ['app', 'mine']);
});

const FIVE = ['a', 'b', 'c', 'd', 'rollcall-watcher'];

/** Fifty pods at once, with five accounts, over two replicas. */
async function rush(started: Started): Promise<void> {
  const replicas = [started.access, new AccessProvisioner({ api: started.another(), log: silent })];
  const calls = Array.from({ length: 50 }, (_, index) =>
    replicas[index % 2]!.ensure('demo', slices(FIVE[Math.floor(index / 2) % 5]!)),
  );
  await Promise.all(calls);
}

test('fifty pods of five accounts at once on two replicas end with all five bound', async (t) => {
  const started = await start(t, 'a', 'b', 'c', 'd');
  await rush(started);
  assert.deepEqual(bound(started), FIVE);
  const reads = started.api.requests.filter(({ path }) => path === `${ACCOUNTS}/a`);
  // Once for its own pods, and once at most for those of each other account, on each replica.
  assert.ok(reads.length <= 10, `${reads.length} reads: pods of one account share the work of a replica`);
});

test('so they do where the binding has to be made anew first', async (t) => {
  const started = await start(t, 'a', 'b', 'c', 'd', 'z');
  const roleRef = { ...ROLE_REF, name: 'view' };
  started.api.create(BINDINGS, bindingWith({ roleRef, subjects: [subject('z')] }));
  await rush(started);
  assert.deepEqual(bound(started), [...FIVE, 'z']);
  assert.deepEqual(started.api.get(BINDING)?.roleRef, ROLE_REF);
});

test('what another replica puts in place of a wrong binding is not deleted', async (t) => {
  const started = await start(t, 'app', 'theirs');
  started.api.create(BINDINGS, bindingWith({ roleRef: { ...ROLE_REF, name: 'view' } }));
  let replaced = false;
  started.api.fault(({ method }) => {
    if (method === 'DELETE' && !replaced) {
      replaced = true;
      started.api.delete(BINDING);
      started.api.create(BINDINGS, bindingWith({ subjects: [subject('theirs')] }));
    }
    return undefined;
  });
  await started.access.ensure('demo', slices('app'));
  assert.deepEqual(bound(started), ['app', 'theirs']);
});

test('a conflict that never ends is given up', async (t) => {
  // No waiting between the attempts.
  t.mock.method(Math, 'random', () => 0);
  const started = await start(t, 'app');
  started.api.fault(({ method }) => (method === 'POST' ? { status: 409 } : undefined));
  await assert.rejects(
    async () => started.access.ensure('demo', slices('app')),
    (error) => isStatus(error, 409),
  );
});

test('who is added to a wrong binding before it goes is taken along', async (t) => {
  const started = await start(t, 'app', 'late');
  const roleRef = { ...ROLE_REF, name: 'view' };
  started.api.create(BINDINGS, bindingWith({ roleRef }));
  let added = false;
  started.api.fault(({ method }) => {
    if (method === 'DELETE' && !added) {
      added = true;
      const now = started.api.get(BINDING)!;
      started.api.replace(BINDING, { ...now, subjects: [subject('late')] });
    }
    return undefined;
  });
  await started.access.ensure('demo', slices('app'));
  assert.deepEqual(bound(started), ['app', 'late']);
});
