import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import type { Volume } from '../../src/inject/pod.ts';
import { VOLUME_SIZE } from '../../src/inject/volumes.ts';
import { isRestrictedVolume } from '../support/pod-security.ts';
import { planned, pod } from './pods.ts';
import { accepted, mount, refused, volume } from './tweaks.ts';

// biome-ignore lint/suspicious/noExplicitAny: a container's fields are looked into freely here
type Any = any;

describe('the volumes', () => {
  const volumeNames = (annotations: Record<string, string>) =>
    planned(pod(), annotations).volumes.map(({ name }) => name);

  test('are those that the sidecar needs', () => {
    assert.deepEqual(volumeNames({}), ['rollcall', 'rollcall-token']);
    assert.deepEqual(volumeNames({ [keys.source.key]: 'dns' }), ['rollcall']);
    assert.deepEqual(volumeNames({ [keys.scripts.key]: 'a' }), [
      'rollcall',
      'rollcall-token',
      'rollcall-scripts',
    ]);
  });

  test('pass PodSecurity restricted, are no token of the ServiceAccount plugin, and one is in memory', () => {
    const { volumes } = planned(pod(), { [keys.scripts.key]: 'a' });
    assert.ok(volumes.every(isRestrictedVolume));
    assert.ok(volumes.every(({ name }) => !name.startsWith('kube-api-access-')));
    assert.deepEqual(volumes[0], {
      name: 'rollcall',
      emptyDir: { medium: 'Memory', sizeLimit: VOLUME_SIZE },
    });
  });

  test('keep a pod that did not ask from starting only where they must: its scripts may be missing', () => {
    const scripts = (asks: boolean) =>
      (planned(pod(), { [keys.scripts.key]: 'db-scripts' }, { asks }).volumes.at(-1) as Any).configMap;
    assert.deepEqual(scripts(true), { name: 'db-scripts', defaultMode: 0o555 });
    assert.deepEqual(scripts(false), { name: 'db-scripts', defaultMode: 0o555, optional: true });
  });

  test('fit the memory of the sidecar, which they count against', () => {
    const { limits } = planned().sidecar.resources as Any;
    assert.ok(Number.parseInt(VOLUME_SIZE, 10) < Number.parseInt(limits.memory, 10));
  });
});

describe('a volume under our name', () => {
  const projected = (sources: unknown[]) => ({ projected: { defaultMode: 0o444, sources } });
  const audience = [{ serviceAccountToken: { path: 'token', audience: 'a', expirationSeconds: 3600 } }];
  const foreign: [what: string, Volume][] = [
    ['of another kind', { name: 'rollcall', configMap: { name: 'x' } }],
    ['on disk', { name: 'rollcall', emptyDir: {} }],
    ['of another size', { name: 'rollcall', emptyDir: { medium: 'Memory', sizeLimit: '1Gi' } }],
    ['with another audience', { name: 'rollcall-token', ...projected(audience) }],
    ['with no token in it', { name: 'rollcall-token', ...projected([]) }],
  ];
  for (const [what, one] of foreign) {
    test(`${what} is not to be used`, () => {
      const [code, sentence] = refused(volume(one));
      assert.equal(code, 'name-taken');
      assert.match(sentence, new RegExp(`volume "${one.name}" of its own; give it another name`));
    });
  }

  test('matters only where ours is needed', () => {
    const scripts: Volume = { name: 'rollcall-scripts', configMap: { name: 'other' } };
    accepted(volume(scripts));
    assert.equal(refused(volume(scripts), { [keys.scripts.key]: 'mine' })[0], 'name-taken');
    accepted(volume({ name: 'rollcall-token', emptyDir: {} }), { [keys.source.key]: 'dns' });
  });

  test('that is ours already, with defaults or mounts, is none of the application', () => {
    accepted((made) => {
      made.spec.volumes!.push(...structuredClone(planned().volumes));
      mount({ name: 'rollcall', mountPath: '/run/rollcall' })(made);
    });
  });
});
