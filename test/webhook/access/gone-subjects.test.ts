import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../src/watcher/clock.ts';
import { connected } from '../connected-client.ts';
import {
  accountsOf,
  bindingOf,
  bound,
  clock,
  provided,
  replica,
  SCOPED,
  soon,
} from './controller-replica.ts';

test('now and then, subjects whose account is gone leave every binding', async (t) => {
  const both = await connected(t);
  const { api } = both;
  provided(api, 'plain', [SCOPED, 'mine', 'gone']);
  provided(api, 'usual', [SCOPED]);
  const timers: { run: () => void; milliseconds: number }[] = [];
  await replica(t, both, {
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
  await soon('the others', () => bound(api, 'plain')?.length === 2);
  assert.deepEqual(bound(api, 'plain'), ['mine', SCOPED]);
  await soon('another round', () => timers.length === 2);
  const asked = api.requests.filter(({ path, watch }) => !watch && path.includes('/usual/'));
  assert.deepEqual(asked, [], 'its only account is known to be there');
});

test('a binding that can not be looked through is told, and ends neither the round nor the rounds', async (t) => {
  const both = await connected(t);
  const { api } = both;
  for (const name of ['bad', 'plain']) provided(api, name, [SCOPED, 'mine', 'gone']);
  const rounds: (() => void)[] = [];
  const { log } = await replica(t, both, {
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
  assert.deepEqual(bound(api, 'plain'), ['mine', SCOPED]);
  const [told, ...more] = log.said(/^binding not looked through$/);
  assert.deepEqual([told?.namespace, told?.role, more], ['bad', SCOPED, []]);
});
