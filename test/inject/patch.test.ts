import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import { MOUNT_PATH } from '../../src/inject/names.ts';
import type { Pod, VolumeMount } from '../../src/inject/pod.ts';
import { applied } from './api-server.ts';
import { askingPod, injected, labelled } from './pods.ts';

const OURS: VolumeMount = { name: 'rollcall', mountPath: MOUNT_PATH, readOnly: true };

/** The pod after injection. */
function after(given: Pod): Pod {
  return applied(given, injected(given).patch);
}

const volumeNames = ({ spec }: Pod) => spec.volumes?.map(({ name }) => name);

describe('what is missing', () => {
  test('volumes, mounts, annotations and init containers are made', () => {
    const given: Pod = { metadata: {}, spec: { containers: [{ name: 'app' }], subdomain: 'db' } };
    const pod = applied(given, injected(given, { namespace: labelled }).patch);
    assert.deepEqual(volumeNames(pod), ['rollcall', 'rollcall-token']);
    assert.deepEqual(pod.spec.containers[0]!.volumeMounts, [OURS]);
    assert.equal(pod.spec.initContainers?.length, 1);
    assert.deepEqual(Object.keys(pod.metadata?.annotations ?? {}), [keys.status.key]);
  });

  test('lists that are there but empty are filled', () => {
    const pod = after(
      askingPod(({ spec }) => {
        spec.volumes = [];
        spec.initContainers = [];
        spec.containers[0]!.volumeMounts = [];
      }),
    );
    assert.deepEqual(pod.spec.containers[0]!.volumeMounts, [OURS]);
    assert.deepEqual([volumeNames(pod)?.length, pod.spec.initContainers?.length], [2, 1]);
  });
});
