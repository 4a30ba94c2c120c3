import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MOUNT_PATH, TOKEN_PATH } from '../../src/inject/names.ts';
import { restrictedViolations } from '../support/pod-security.ts';
import { planned } from './pods.ts';

// biome-ignore lint/suspicious/noExplicitAny: a container's fields are looked into freely here
type Any = any;

test('it alone may write to the shared folder, and alone has the token', () => {
  const { sidecar, mount } = planned();
  assert.deepEqual(mount, { name: 'rollcall', mountPath: MOUNT_PATH, readOnly: true });
  assert.deepEqual(sidecar.volumeMounts, [
    { name: 'rollcall', mountPath: MOUNT_PATH },
    { name: 'rollcall-token', mountPath: TOKEN_PATH, readOnly: true },
  ]);
});

test('two plans share nothing: who changes one does not change the other', () => {
  const first = planned();
  (first.sidecar.securityContext as Any).privileged = true;
  (first.volumes[1] as Any).projected.sources.pop();
  assert.deepEqual(restrictedViolations(planned().sidecar), []);
  assert.equal((planned().volumes[1] as Any).projected.sources.length, 2);
});
