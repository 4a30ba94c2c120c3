import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Namespace, Pod, SecurityContext } from '../../src/inject/pod.ts';
import { securityContextOf, UID_RANGE_KEY } from '../../src/inject/security-context.ts';
import { restrictedViolations } from '../support/pod-security.ts';
import { applied, secondPass } from './api-server.ts';
import { askingPod, injected, plain, pod } from './pods.ts';

const ranged: Namespace = { ...plain, annotations: { [UID_RANGE_KEY]: '1000650000/10000' } };
const GIVEN = 1_000_650_000;

describe('the user of the sidecar', () => {
  const userOf = (given: Pod, namespace: Namespace, found?: SecurityContext) => {
    const context = securityContextOf(given, namespace, found);
    assert.deepEqual(restrictedViolations({ name: 'rollcall', securityContext: context }), []);
    return [context.runAsUser, context.runAsGroup];
  };

  test('is that of the image, and none where OpenShift gives the namespace a range', () => {
    assert.deepEqual(userOf(pod(), plain), [17655, 17655]);
    assert.deepEqual(userOf(pod(), ranged), [undefined, undefined]);
  });

  test('is that of the image where it would be root by the word of the pod', () => {
    const root = pod(({ spec }) => Object.assign(spec.securityContext!, { runAsUser: 0 }));
    assert.deepEqual(userOf(root, ranged), [17655, 17655]);
    const other = pod(({ spec }) => Object.assign(spec.securityContext!, { runAsUser: GIVEN }));
    assert.deepEqual(userOf(other, ranged), [undefined, undefined]);
  });

  test('is what OpenShift has filled in, there only, and neither root nor ours', () => {
    const found = { runAsUser: GIVEN, runAsGroup: 0 };
    assert.deepEqual(userOf(pod(), ranged, found), [GIVEN, 0]);
    assert.deepEqual(userOf(pod(), plain, found), [17655, 17655]);
    for (const runAsUser of [0, 17655, '1', null, 1.5, {}]) {
      assert.deepEqual(userOf(pod(), ranged, { runAsUser }), [undefined, undefined]);
    }
  });

  test('comes with what else is filled in, but with no right that is added', () => {
    const seLinuxOptions = { level: 's0:c26,c5' };
    const capabilities = { drop: ['ALL', 'KILL'] };
    const found = { seLinuxOptions, capabilities, privileged: true, allowPrivilegeEscalation: true };
    const { privileged, ...context } = securityContextOf(pod(), ranged, found);
    assert.deepEqual([context.seLinuxOptions, context.capabilities], [seLinuxOptions, capabilities]);
    assert.deepEqual([privileged, context.allowPrivilegeEscalation], [undefined, false]);
    for (const one of [{ drop: ['KILL'] }, { drop: ['ALL'], add: ['NET_ADMIN'] }, null, 'ALL']) {
      const { capabilities: kept } = securityContextOf(pod(), ranged, { capabilities: one });
      assert.deepEqual(kept, { drop: ['ALL'] });
    }
  });
});

test('a sidecar that has to be put right keeps the user that OpenShift filled in, since nobody fills it in again', () => {
  const context = { namespace: ranged };
  const given = askingPod();
  const seen = secondPass(applied(given, injected(given, context).patch));
  const [sidecar] = seen.spec.initContainers!;
  Object.assign(sidecar!.securityContext!, { runAsUser: GIVEN });
  assert.deepEqual(injected(seen, context).patch, []);
  delete sidecar!.livenessProbe;
  const after = applied(seen, injected(seen, context).patch).spec.initContainers![0]!;
  assert.ok(after.livenessProbe !== undefined);
  assert.equal(after.securityContext!.runAsUser, GIVEN);
});
