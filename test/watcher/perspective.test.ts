import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSelf, type Self, serviceName } from '../../src/watcher/perspective.ts';

test('a member is this pod by its uid, and by its name only where this pod has no uid', () => {
  const cases: [self: Self | undefined, uid: string | undefined, name: string | undefined, is: boolean][] = [
    [undefined, undefined, undefined, false],
    [{}, undefined, undefined, false],
    [{ name: 'db-0' }, 'u0', 'db-0', true],
    [{ name: 'db-0' }, 'u0', 'db-1', false],
    [{ name: 'db-0' }, undefined, undefined, false],
    [{ uid: 'u0', name: 'db-0' }, 'u0', 'db-1', true],
    [{ uid: 'u0', name: 'db-0' }, 'u1', 'db-0', false],
    [{ uid: 'u0' }, undefined, 'db-0', false],
  ];
  for (const [self, uid, name, is] of cases)
    assert.equal(isSelf(self, uid, name), is, JSON.stringify([self, uid, name]));
});

test('the name of a service ends without a dot, however the domain is written', () => {
  const perspective = (clusterDomain: string) => ({ group: { namespace: 'shop' }, clusterDomain });
  for (const domain of ['cluster.local', 'cluster.local.', 'cluster.local..'])
    assert.equal(serviceName('db', perspective(domain)), 'db.shop.svc.cluster.local');
});
