import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BINDINGS, NAMESPACES, unwell } from './checked-cluster.ts';

describe('rollcall check', () => {
  test('a grant that is not bound, bound to others, or of no use to anybody', async (t) => {
    const namespace = (name: string, grant?: string) => ({
      metadata: { name, ...(grant === undefined ? {} : { annotations: { 'rollcall.dev/grant': grant } }) },
    });
    const binding = (of: string, ...names: string[]) => ({
      metadata: { name: 'rollcall-grant', namespace: of },
      subjects: names.map((one) => ({ kind: 'ServiceAccount', namespace: one, name: 'rollcall-watcher' })),
    });
    const found = async (namespaces: object[], bindings: object[]) =>
      unwell(t, {
        [NAMESPACES]: [200, { items: [namespace('shop'), namespace('eve'), ...namespaces] }],
        [BINDINGS]: [200, { items: bindings }],
        'GET /apis/discovery.k8s.io/v1/namespaces/team-b/endpointslices': [200, { items: [] }],
      });
    const granting = namespace('team-b', 'shop');
    assert.deepEqual(await found([granting], [binding('team-b', 'shop')]), [[], 0]);
    const missing =
      'fail grants: the binding rollcall-grant is not as the annotation rollcall.dev/grant says in team-b';
    assert.deepEqual(await found([granting], []), [[missing], 1]);
    assert.deepEqual(await found([granting], [binding('team-b', 'shop', 'eve')]), [[missing], 1]);
    assert.deepEqual(await found([namespace('team-b')], [binding('team-b', 'shop')]), [[missing], 1]);
    const [idle, code] = await found(
      [namespace('team-b', 'shop, shpo, Eve, kube-system')],
      [binding('team-b', 'shop', 'shpo')],
    );
    assert.deepEqual(idle, [
      'warn grants: grants to what is no namespace that can have one: shpo by team-b, kube-system by team-b, Eve by team-b',
    ]);
    assert.equal(code, 0);
  });
});
