import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import { MOUNT_PATH } from '../../src/inject/names.ts';
import type { Pod, VolumeMount } from '../../src/inject/pod.ts';
import { applied, containersOf, secondPass } from './api-server.ts';
import { annotate, askingPod, container, INSTALL, injected, planned, pod } from './pods.ts';
import { accepted, init, ORDINARY, refused, type Tweak } from './tweaks.ts';

const OURS: VolumeMount = { name: 'rollcall', mountPath: MOUNT_PATH, readOnly: true };
const mountsOf = (pod: Pod) => containersOf(pod).map(({ name, volumeMounts }) => [name, volumeMounts]);

/** The pod after injection. */
function after(given: Pod): Pod {
  return applied(given, injected(given).patch);
}

describe('a native sidecar', () => {
  const native = (choice: string, nativeSidecars: boolean) =>
    planned(pod(), { [keys.nativeSidecar.key]: choice }, { install: { ...INSTALL, nativeSidecars } }).native;

  test('is what the cluster can run, unless the pod says otherwise', () => {
    assert.deepEqual([native('auto', true), native('auto', false)], [true, false]);
    assert.deepEqual([native('true', false), native('false', true)], [true, false]);
  });
});

test('the sidecar goes before all other init containers, which keep their order', () => {
  const pod = after(
    askingPod(({ spec }) => {
      spec.initContainers = [container('proxy', { restartPolicy: 'Always' }), container('migrate')];
    }),
  );
  assert.deepEqual(
    pod.spec.initContainers?.map(({ name }) => name),
    ['rollcall', 'proxy', 'migrate'],
  );
});

describe('an ordinary sidecar', () => {
  const MEANT = 'kubectl.kubernetes.io/default-container';
  const ordinary = (tweak: (pod: Pod) => void = () => {}) =>
    askingPod((made) => {
      annotate({ [keys.nativeSidecar.key]: 'false' })(made);
      made.spec.initContainers = [container('migrate')];
      made.spec.containers.push(container('second'));
      tweak(made);
    });

  test('is the first container, and no init container', () => {
    const { containers, initContainers } = after(ordinary()).spec;
    assert.deepEqual(
      containers.map(({ name }) => name),
      ['rollcall', 'app', 'second'],
    );
    assert.deepEqual(
      initContainers?.map(({ name }) => name),
      ['migrate'],
    );
  });

  test('leaves kubectl with the container that it meant', () => {
    assert.equal(after(ordinary()).metadata!.annotations![MEANT], 'app');
    const other = annotate({ [MEANT]: 'second' });
    assert.equal(after(ordinary(other)).metadata!.annotations![MEANT], 'second');
    assert.equal(Object.hasOwn(after(askingPod()).metadata!.annotations!, MEANT), false);
  });

  test('is done once, and again where another webhook takes from it', () => {
    const again = secondPass(after(ordinary()));
    assert.deepEqual(injected(again).patch, []);
    again.spec.containers.splice(0, 1);
    const last = injected(again).patch.at(-1)!;
    assert.deepEqual([last.op, last.path], ['add', '/spec/containers/0']);
    const altered = secondPass(after(ordinary()));
    delete altered.spec.containers[0]!.lifecycle;
    assert.deepEqual(
      injected(altered).patch.map(({ op, path }) => `${op} ${path}`),
      ['replace /spec/containers/0'],
    );
  });

  test('moves others only after what is written to them', () => {
    const pod = after(ordinary());
    assert.deepEqual(mountsOf(pod).slice(2), [
      ['app', [OURS]],
      ['second', [OURS]],
    ]);
    assert.equal(pod.spec.containers[0]!.args?.[0], 'sidecar');
  });
});

describe('a container under our name', () => {
  const ours = structuredClone(planned().sidecar);
  const foreign: [what: string, Tweak][] = [
    ['among the containers', ({ spec }) => spec.containers.push(container('rollcall'))],
    ['among the init containers', init('rollcall')],
    ['with other arguments', init('rollcall', { args: ['webhook'] })],
    ['with no list of arguments', init('rollcall', { args: 'sidecar' })],
  ];
  for (const [what, tweak] of foreign) {
    test(`${what} is not replaced`, () => {
      const [code, sentence] = refused(tweak);
      assert.deepEqual(
        [code, sentence],
        ['name-taken', 'the pod has a container "rollcall" of its own; give it another name'],
      );
    });
  }

  test('that is ours is', () => {
    accepted(({ spec }) => {
      spec.initContainers = [{ ...structuredClone(ours), image: 'rollcall:0.0.9' }];
    });
    accepted(({ spec }) => spec.containers.unshift({ name: 'rollcall', args: ['sidecar'] }), ORDINARY);
    assert.equal(refused(init('rollcall', { args: ['sidecar'] }), ORDINARY)[0], 'name-taken');
  });

  test('that is ours stays of its kind, put in offline, say, unless the other kind is asked for', () => {
    const ordinary: Tweak = ({ spec }) => spec.containers.unshift({ name: 'rollcall', args: ['sidecar'] });
    accepted(ordinary);
    assert.equal(planned(askingPod(ordinary)).native, false);
    assert.equal(refused(ordinary, { [keys.nativeSidecar.key]: 'true' })[0], 'name-taken');
    const old = { ...INSTALL, nativeSidecars: false };
    assert.equal(
      planned(askingPod(init('rollcall', { args: ['sidecar'] })), {}, { install: old }).native,
      true,
    );
  });
});

describe('an image that another webhook has pinned or fetched elsewhere', () => {
  const DIGEST = `@sha256:${'a1'.repeat(32)}`;
  const seenWith = (image: string, context = {}) => {
    const made = askingPod();
    const again = secondPass(applied(made, injected(made, context).patch));
    again.spec.initContainers![0]!.image = image;
    return injected(again, context).patch.length;
  };

  test('stays where it is the same version, and is put right where it is not', () => {
    assert.equal(seenWith(`mirror.example/hub/rollcall:0.2.0${DIGEST}`), 0);
    assert.equal(seenWith(`mirror.example/hub/rollcall:0.0.9${DIGEST}`), 1);
  });

  test('is put right where the installation itself names a digest, and it is another', () => {
    const install = { ...INSTALL, image: `rollcall${DIGEST}` };
    assert.equal(seenWith(`mirror.example/rollcall${DIGEST}`, { install }), 0);
    assert.equal(seenWith(`rollcall@sha256:${'b2'.repeat(32)}`, { install }), 1);
  });
});
