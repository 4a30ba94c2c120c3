import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MOUNT_PATH, plan, SCOPED_ACCOUNT, TOKEN_PATH, VOLUME_SIZE } from '../../src/inject/plan.ts';
import type { Pod } from '../../src/inject/pod.ts';
import { isRestrictedVolume, restrictedViolations } from '../support/pod-security.ts';
import { INSTALL, pod } from './pods.ts';

const options = { service: 'db' };
const planned = (given: Pod = pod(), dryRun = false) => plan(given, options, INSTALL, dryRun);

// biome-ignore lint/suspicious/noExplicitAny: a container's fields are looked into freely here
type Any = any;

function withAccount(name: string | undefined, alias = name): Pod {
  return pod(({ spec }) => {
    for (const field of ['serviceAccountName', 'serviceAccount'] as const) delete spec[field];
    if (name !== undefined) spec.serviceAccountName = name;
    if (alias !== undefined) spec.serviceAccount = alias;
  });
}

test('the sidecar and its volumes pass PodSecurity restricted, whatever the pod says', () => {
  const { sidecar, volumes } = planned();
  assert.deepEqual(restrictedViolations(sidecar), []);
  assert.deepEqual(
    volumes.filter((volume) => !isRestrictedVolume(volume)),
    [],
  );
  const context = sidecar.securityContext as Any;
  assert.equal(context.readOnlyRootFilesystem, true);
  assert.ok(context.runAsUser > 0 && context.runAsGroup > 0, 'an image without a numeric user runs too');
});

test('a quota finds requests and limits for cpu and memory', () => {
  const { requests, limits } = planned().sidecar.resources as Any;
  for (const amounts of [requests, limits]) {
    assert.match(amounts.cpu, /^[1-9]\d*m$/);
    assert.match(amounts.memory, /^[1-9]\d*Mi$/);
  }
  assert.ok(Number.parseInt(requests.memory, 10) <= Number.parseInt(limits.memory, 10));
  assert.ok(
    Number.parseInt(VOLUME_SIZE, 10) < Number.parseInt(limits.memory, 10),
    'a volume in memory counts against the limit',
  );
});

test('it is a native sidecar: it runs beside the application and is started first', () => {
  const { sidecar } = planned();
  assert.equal(sidecar.restartPolicy, 'Always');
  const { startupProbe, livenessProbe } = sidecar as Any;
  assert.equal(startupProbe.httpGet.path, '/startz');
  assert.equal(livenessProbe.httpGet.path, '/healthz');
  assert.equal(sidecar.readinessProbe, undefined, 'an outage of the API server must not unready the pod');
});

test('it is told who it is and whom to follow', () => {
  const { sidecar } = planned();
  const fieldRef = (fieldPath: string) => ({ fieldRef: { apiVersion: 'v1', fieldPath } });
  const env = (sidecar.env as { name: string }[]).filter(({ name }) => name.startsWith('ROLLCALL_'));
  assert.deepEqual(env, [
    { name: 'ROLLCALL_NAMESPACE', valueFrom: fieldRef('metadata.namespace') },
    { name: 'ROLLCALL_SERVICE', value: 'db' },
    { name: 'ROLLCALL_POD_NAME', valueFrom: fieldRef('metadata.name') },
    { name: 'ROLLCALL_POD_UID', valueFrom: fieldRef('metadata.uid') },
  ]);
  assert.deepEqual([sidecar.image, sidecar.args], ['rollcall:0.1.0', ['sidecar']]);
});

test('it alone may write to the shared folder, and alone has the token', () => {
  const { sidecar, mount, volumes } = planned();
  assert.deepEqual(mount, { name: 'rollcall', mountPath: MOUNT_PATH, readOnly: true });
  assert.deepEqual(sidecar.volumeMounts, [
    { name: 'rollcall', mountPath: MOUNT_PATH },
    { name: 'rollcall-token', mountPath: TOKEN_PATH, readOnly: true },
  ]);
  assert.deepEqual((volumes[0] as Any).emptyDir.medium, 'Memory');
  assert.ok(
    volumes.every(({ name }) => !name.startsWith('kube-api-access-')),
    'the ServiceAccount plugin takes such a volume for its own',
  );
});

test('the default account becomes the scoped one, however it is written', () => {
  for (const given of [withAccount('default'), withAccount(undefined), withAccount('')]) {
    const { account, accountName } = planned(given);
    assert.deepEqual([account, accountName], ['scoped', SCOPED_ACCOUNT]);
  }
  const again = planned(withAccount(SCOPED_ACCOUNT));
  assert.deepEqual([again.account, again.accountName], ['scoped', SCOPED_ACCOUNT]);
});

test('any other account is kept, also under its old name', () => {
  for (const given of [withAccount('app'), withAccount(undefined, 'app')]) {
    const { account, accountName } = planned(given);
    assert.deepEqual([account, accountName], ['kept', 'app']);
  }
});

test('on a dry run no account is touched, for the scoped one may not exist', () => {
  for (const name of ['default', 'app']) {
    const { account, accountName } = planned(withAccount(name), true);
    assert.deepEqual([account, accountName], ['untouched', name]);
  }
});

test('the status tells what was injected', () => {
  assert.deepEqual(JSON.parse(planned().status), { version: '0.1.0', service: 'db', account: 'scoped' });
});

test('two plans share nothing: who changes one does not change the other', () => {
  const first = planned();
  (first.sidecar.securityContext as Any).privileged = true;
  (first.volumes[1] as Any).projected.sources.pop();
  assert.deepEqual(restrictedViolations(planned().sidecar), []);
  assert.equal((planned().volumes[1] as Any).projected.sources.length, 2);
});
