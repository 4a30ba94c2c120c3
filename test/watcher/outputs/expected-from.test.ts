import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silent } from '../../../src/watcher/log.ts';
import { expectedMembers } from '../../../src/watcher/outputs/expected-members.ts';
import type { ExpectedFrom } from '../../../src/watcher/texts/expected.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { ScriptedApi } from '../../support/scripted-api.ts';

/** What is expected from this, of a group in namespace `shop`, and what asks for it. */
function expecting(from: ExpectedFrom | undefined) {
  const api = new ScriptedApi();
  const told: (number | null)[] = [];
  let transports = 0;
  const asks = expectedMembers(
    from,
    { group: { namespace: 'shop' }, expect: (expected) => told.push(expected) },
    {
      clock: new FakeClock(),
      log: silent,
      transport: () => {
        transports += 1;
        return api;
      },
    },
  );
  return { api, told, asks, transports: () => transports };
}

test('a number is told at once, and nobody is asked; without one nothing is told', () => {
  for (const [from, told] of [
    [5, [5]],
    [0, [0]],
    [undefined, []],
  ] as const) {
    const expected = expecting(from);
    assert.deepEqual([expected.told, expected.asks, expected.transports()], [told, undefined, 0]);
  }
});

test('a workload is asked in the namespace of the group, and its answer is told', async () => {
  const { api, told, asks, transports } = expecting({ kind: 'deployment', name: 'web' });
  asks!.start();
  const call = await api.next();
  assert.equal(call.url.pathname, '/apis/apps/v1/namespaces/shop/deployments/web/scale');
  call.json(200, { kind: 'Scale', spec: { replicas: 4 } });
  await settle();
  asks!.close();
  assert.deepEqual([told, transports()], [[4], 1]);
  assert.deepEqual(
    asks!.metrics.map(({ type, name, read }) => [type, name, read()]),
    [['counter', 'rollcall_expected_failures_total', 0]],
  );
});
