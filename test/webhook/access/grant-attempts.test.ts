import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keys } from '../../../src/inject/annotations.ts';
import { grantOf } from '../../../src/inject/granted-names.ts';
import { Metrics } from '../../../src/metrics.ts';
import { ApiError } from '../../../src/watcher/kubernetes/api-error.ts';
import { silent } from '../../../src/watcher/log.ts';
import { Grants } from '../../../src/webhook/access/grants.ts';

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
