import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { V1RoleBinding } from '@kubernetes/client-node';
import { GRANT_BINDING } from '../../../src/inject/names.ts';
import {
  type GrantStep,
  grantBinding,
  grantBindingState,
  grantStep,
} from '../../../src/webhook/access/grant-binding.ts';

const made = (names: string[], changed: Partial<V1RoleBinding> = {}) =>
  grantBindingState({ ...grantBinding(names), ...changed });

test('the binding is to the role of its name, for the accounts of sidecars of each namespace', () => {
  assert.deepEqual(grantBinding(['shop']), {
    metadata: { name: 'rollcall-grant', labels: { 'app.kubernetes.io/managed-by': 'rollcall' } },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'rollcall-grant' },
    subjects: [
      { kind: 'ServiceAccount', namespace: 'shop', name: 'rollcall-watcher' },
      { kind: 'ServiceAccount', namespace: 'shop', name: 'rollcall-pod-watcher' },
      { kind: 'ServiceAccount', namespace: 'shop', name: 'rollcall-scale-reader' },
      { kind: 'ServiceAccount', namespace: 'shop', name: 'rollcall-guest' },
    ],
  });
});

test('each state has the one step that leads to what is granted', () => {
  const unmanaged = { metadata: { name: GRANT_BINDING } };
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
  const user = { kind: 'User', apiGroup: roleRef.apiGroup, name: 'shop rollcall-watcher' };
  const namespace = 'shop rollcall-pod-watcher,ServiceAccount shop';
  const folded = { kind: 'ServiceAccount', namespace, name: 'rollcall-watcher' };
  const steps: [names: string[], ReturnType<typeof made> | undefined, GrantStep][] = [
    [[], undefined, 'none'],
    [['shop'], undefined, 'create'],
    [['shop'], made(['shop']), 'none'],
    [['shop', 'team-a'], made(['team-a', 'shop']), 'none'],
    [['shop'], made(['shop', 'team-a']), 'rewrite'],
    [['shop', 'team-a'], made(['shop']), 'rewrite'],
    [['shop'], made(['shop'], { subjects: [] }), 'rewrite'],
    [['shop'], made(['shop'], { subjects: [...grantBinding(['shop']).subjects!, user] }), 'rewrite'],
    [['shop'], made(['shop'], { subjects: [folded] }), 'rewrite'],
    [['shop'], made(['shop'], { roleRef }), 'recreate'],
    // In 0.1.0 that role reads pods.
    [['shop'], made(['shop'], { roleRef: { ...roleRef, name: 'rollcall-watcher' } }), 'recreate'],
    [['shop'], made(['shop'], { roleRef: { ...roleRef, kind: 'Role', name: 'rollcall-grant' } }), 'recreate'],
    [[], made(['shop']), 'delete'],
    [[], made(['shop'], { roleRef }), 'delete'],
    [['shop'], made(['shop'], unmanaged), 'foreign'],
    [[], made(['shop'], unmanaged), 'none'],
  ];
  for (const [names, binding, step] of steps)
    assert.equal(grantStep(names, binding), step, JSON.stringify([names, binding]));
});
