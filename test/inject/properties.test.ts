/** What holds for every pod, on pods that are generated. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keys } from '../../src/inject/annotations.ts';
import type { Context } from '../../src/inject/inject.ts';
import { MOUNT_PATH, NAME, TOKEN_PATH } from '../../src/inject/plan.ts';
import type { Container, Pod, Volume } from '../../src/inject/pod.ts';
import { applied, containersOf, secondPass } from './api-server.ts';
import { contexts, pods } from './arbitrary-pods.ts';
import { injected } from './pods.ts';

const RUNS = { numRuns: 2000 };
/** The names that all objects have before any test. */
const PROTOTYPE = Reflect.ownKeys(Object.prototype).sort().join();

function forEveryPod(check: (pod: Pod, context: Context) => void): void {
  fc.assert(fc.property(pods, contexts, check), RUNS);
}

test('injected, filled in and seen again, no pod is patched a second time', () => {
  let patched = 0;
  forEveryPod((pod, context) => {
    const first = injected(pod, context);
    if (first.patch.length > 0) patched += 1;
    const again = secondPass(applied(pod, first.patch));
    assert.deepEqual(injected(again, context).patch, []);
  });
  assert.ok(patched > RUNS.numRuns / 4, `only ${patched} of the generated pods were patched`);
});

test('a valid pod stays valid: unique names and mount paths, and a volume for every mount', () => {
  forEveryPod((pod, context) => {
    assert.deepEqual(faults(pod), [], 'the generator makes valid pods');
    assert.deepEqual(faults(applied(pod, injected(pod, context).patch)), []);
  });
});

test('everything of the application that the plan does not list stays', () => {
  forEveryPod((pod, context) => {
    const { patch, plan } = injected(pod, context);
    const swapped = plan?.account === 'scoped';
    const patched = applied(pod, patch);
    if (patch.length === 0) assert.deepEqual(patched, pod);
    else assert.deepEqual(ofApplication(patched, swapped), ofApplication(pod, swapped));
  });
});

test('every container gets one read-only mount, and of a swapped account no token', () => {
  forEveryPod((pod, context) => {
    const { patch, plan } = injected(pod, context);
    if (plan === undefined) return;
    const { spec } = applied(pod, patch);
    for (const { volumeMounts = [] } of spec.containers) {
      const ours = volumeMounts.filter(({ mountPath }) => mountPath.replace(/\/$/, '') === MOUNT_PATH);
      assert.deepEqual(
        ours.map(({ name, readOnly }) => [name, readOnly]),
        [[NAME, true]],
      );
      if (plan.account === 'scoped') assert.ok(!volumeMounts.some(isTokenMount));
    }
    const sidecars = spec.initContainers!.filter(({ name }) => name === NAME);
    assert.equal(sidecars.length, 1);
  });
});

test('the pod that is given, and the prototype of all objects, are left as they were', () => {
  forEveryPod((pod, context) => {
    const before = structuredClone(pod);
    injected(pod, context);
    assert.deepEqual(pod, before);
  });
  assert.equal(Reflect.ownKeys(Object.prototype).sort().join(), PROTOTYPE);
});

/** What an API server would refuse, as far as a patch could bring it about. */
function faults(pod: Pod): string[] {
  const volumes = (pod.spec.volumes ?? []).map(({ name }) => name);
  const mounts = containersOf(pod).map(({ volumeMounts }) => volumeMounts ?? []);
  return [
    ...duplicates(volumes),
    ...duplicates(containersOf(pod).map(({ name }) => name)),
    ...mounts.flatMap((ofOne) => duplicates(ofOne.map(({ mountPath }) => mountPath))),
    ...mounts.flat().flatMap(({ name }) => (volumes.includes(name) ? [] : [`no volume ${name}`])),
  ];
}

function duplicates(names: string[]): string[] {
  return names.filter((name, index) => names.indexOf(name) !== index);
}

function isTokenMount({ name, mountPath }: { name: string; mountPath: string }): boolean {
  return name.startsWith('kube-api-access-') && mountPath === TOKEN_PATH;
}

/** The pod without all that the plan lists. */
function ofApplication(pod: Pod, swapped: boolean): unknown {
  const { metadata, spec } = structuredClone(pod);
  const { [keys.status.key]: _status, ...annotations } = metadata?.annotations ?? {};
  const { serviceAccountName, serviceAccount, automountServiceAccountToken, ...rest } = spec;
  const isKept = ({ name }: Volume) =>
    name !== NAME && name !== 'rollcall-token' && !(swapped && name.startsWith('kube-api-access-'));
  const withoutMounts = (container: Container) => ({
    ...container,
    volumeMounts: (container.volumeMounts ?? []).filter(
      (mount) => mount.mountPath !== MOUNT_PATH && !(swapped && isTokenMount(mount)),
    ),
  });
  return {
    metadata: { ...metadata, annotations },
    account: swapped || { serviceAccountName, serviceAccount, automountServiceAccountToken },
    spec: {
      ...rest,
      volumes: (spec.volumes ?? []).filter(isKept),
      containers: spec.containers.map(withoutMounts),
      initContainers: (spec.initContainers ?? []).filter(({ name }) => name !== NAME).map(withoutMounts),
    },
  };
}
