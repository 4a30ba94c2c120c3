/** Subjects of bindings whose account is gone: what one replica does about them, and the controller's rounds. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ROLES } from '../../../src/inject/roles.ts';
import { systemClock } from '../../../src/watcher/clock.ts';
import { eventually, soon } from '../../support/eventually.ts';
import { accessCluster, accountsOf, bindingOf, clock, ROLE_REF, SCOPED } from './access-cluster.ts';
import { ACCOUNTS, BINDING, BINDINGS, bindingWith, bound, slices, start, subject } from './demo-namespace.ts';

test('now and then, subjects whose account is gone leave every binding', async (t) => {
  const { api, bound, provided, replica } = await accessCluster(t);
  provided('plain', [SCOPED, 'mine', 'gone']);
  provided('usual', [SCOPED]);
  const timers: { run: () => void; milliseconds: number }[] = [];
  await replica({
    ...clock,
    setTimeout: (run, milliseconds) => {
      if (milliseconds < 600_000) return systemClock.setTimeout(run, milliseconds);
      return timers.push({ run, milliseconds });
    },
  });
  api.delete(`${accountsOf('plain')}/gone`);
  const [round] = timers;
  assert.ok(round!.milliseconds >= 600_000 && round!.milliseconds <= 900_000);
  round!.run();
  await soon('the others', () => bound('plain')?.length === 2);
  assert.deepEqual(bound('plain'), ['mine', SCOPED]);
  await soon('another round', () => timers.length === 2);
  const asked = api.requests.filter(({ path, watch }) => !watch && path.includes('/usual/'));
  assert.deepEqual(asked, [], 'its only account is known to be there');
});

test('a binding that can not be looked through is told, and ends neither the round nor the rounds', async (t) => {
  const { api, bound, provided, replica } = await accessCluster(t);
  for (const name of ['bad', 'plain']) provided(name, [SCOPED, 'mine', 'gone']);
  const rounds: (() => void)[] = [];
  const { log } = await replica({
    ...clock,
    setTimeout: (run, milliseconds) =>
      milliseconds < 600_000 ? systemClock.setTimeout(run, milliseconds) : rounds.push(run),
  });
  for (const name of ['bad', 'plain']) api.delete(`${accountsOf(name)}/gone`);
  api.fault(({ method, path }) =>
    method === 'GET' && path === bindingOf('bad') ? { status: 403 } : undefined,
  );
  rounds[0]!();
  await soon('another round', () => rounds.length === 2);
  assert.deepEqual(bound('plain'), ['mine', SCOPED]);
  const [told, ...more] = log.said(/^binding not looked through$/);
  assert.deepEqual([told?.namespace, told?.role, more], ['bad', SCOPED, []]);
});

describe('a subject whose account is gone', () => {
  const subjects = ['gone', 'mine'].map(subject);

  test('leaves the binding when it is looked through, and when it is written', async (t) => {
    const started = await start(t, 'app', 'mine');
    started.api.create(BINDINGS, bindingWith({ subjects }));
    await started.access.prune('demo', ROLES.slices);
    assert.deepEqual(bound(started), ['mine']);
    started.api.delete(BINDING);
    started.api.create(BINDINGS, bindingWith({ subjects }));
    await started.access.ensure('demo', slices('app'));
    assert.deepEqual(bound(started), ['app', 'mine']);
  });

  test('stays when nobody can say whether it is', async (t) => {
    const started = await start(t, 'app', 'mine');
    started.api.create(BINDINGS, bindingWith({ subjects }));
    started.api.fault(({ path }) => (path === `${ACCOUNTS}/gone` ? { status: 500 } : undefined));
    await started.access.prune('demo', ROLES.slices);
    assert.deepEqual(bound(started), ['gone', 'mine']);
    await started.access.ensure('demo', slices('app'));
    assert.deepEqual(bound(started), ['app', 'gone', 'mine']);
  });

  test('is bound again when its account was made while the binding was written', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const started = await start(t, 'mine');
    started.api.create(BINDINGS, bindingWith({ subjects }));
    await started.access.prune('demo', ROLES.slices);
    assert.deepEqual(bound(started), ['mine']);
    started.api.create(ACCOUNTS, { metadata: { name: 'gone' } });
    t.mock.timers.tick(5000);
    t.mock.timers.reset();
    await eventually('the subject', () => bound(started).includes('gone'), { everyMs: 5 });
  });

  test('is told of when it can not be looked up again', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const started = await start(t, 'mine');
    started.api.create(BINDINGS, bindingWith({ subjects }));
    await started.access.prune('demo', ROLES.slices);
    started.api.fault(({ path }) => (path === `${ACCOUNTS}/gone` ? { status: 403 } : undefined));
    t.mock.timers.tick(5000);
    t.mock.timers.reset();
    const told = () => started.log.said(/^accounts not looked up again$/);
    await eventually('word of it', () => told().length > 0, { everyMs: 5 });
    assert.deepEqual([told()[0]!.namespace, told()[0]!.role], ['demo', ROLES.slices]);
  });

  test('leaves the others alone, whoever they are, and a binding to another role is not looked through', async (t) => {
    const started = await start(t);
    const user = { kind: 'User', apiGroup: ROLE_REF.apiGroup, name: 'gone' };
    const elsewhere = { ...subject('gone'), namespace: 'other' };
    started.api.create(BINDINGS, bindingWith({ subjects: [user, elsewhere, subject('gone')] }));
    await started.access.prune('demo', ROLES.slices);
    assert.deepEqual(started.api.get(BINDING)?.subjects, [user, elsewhere]);
    started.api.delete(BINDING);
    started.api.create(BINDINGS, bindingWith({ subjects, roleRef: { ...ROLE_REF, name: 'view' } }));
    await started.access.prune('demo', ROLES.slices);
    assert.deepEqual(bound(started), ['gone', 'mine']);
  });
});
