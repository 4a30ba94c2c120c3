import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRestrictedVolume, restrictedViolations } from './pod-security.ts';

const clean = {
  name: 'app',
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  },
};

test('a clean container breaks no rule, a bare one the four that ask for something', () => {
  assert.deepEqual(restrictedViolations(clean), []);
  assert.deepEqual(restrictedViolations({ name: 'bare' }), [
    'securityContext.allowPrivilegeEscalation is false',
    'capabilities.drop has ALL',
    'runAsNonRoot is true',
    'seccompProfile is RuntimeDefault or Localhost',
  ]);
});

test('the pod may say what the container leaves out, but the container decides', () => {
  const { runAsNonRoot: _, seccompProfile: __, ...rest } = clean.securityContext;
  const pod = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
  assert.deepEqual(restrictedViolations({ name: 'app', securityContext: rest }, pod), []);
  const overruled = { name: 'app', securityContext: { ...rest, runAsNonRoot: false } };
  assert.deepEqual(restrictedViolations(overruled, pod), ['runAsNonRoot is true']);
});

test('each thing that a container may not have is named', () => {
  const having = (fields: object) => restrictedViolations({ ...clean, ...fields });
  const context = (fields: object) => having({ securityContext: { ...clean.securityContext, ...fields } });
  assert.deepEqual(context({ privileged: true }), ['securityContext.privileged is not true']);
  assert.deepEqual(context({ runAsUser: 0 }), ['runAsUser is not 0']);
  assert.deepEqual(context({ capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } }), [
    'capabilities.add has nothing but NET_BIND_SERVICE',
  ]);
  assert.deepEqual(having({ ports: [{ containerPort: 1, hostPort: 1 }] }), ['ports take none of the host']);
  assert.deepEqual(having({ livenessProbe: { httpGet: { port: 1, host: '10.0.0.1' } } }), [
    'probes and hooks name no host',
  ]);
});

test('a volume of the host is not restricted', () => {
  assert.ok(isRestrictedVolume({ name: 'a', emptyDir: {} }));
  assert.ok(!isRestrictedVolume({ name: 'a', hostPath: { path: '/' } }));
});
