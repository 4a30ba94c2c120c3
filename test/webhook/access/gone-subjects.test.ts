import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../src/watcher/clock.ts';
import { accessCluster, accountsOf, bindingOf, clock, SCOPED, soon } from './access-cluster.ts';

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
