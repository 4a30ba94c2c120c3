import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import { MOUNT_PATH } from '../../src/inject/names.ts';
import type { Pod, VolumeMount } from '../../src/inject/pod.ts';
import { applied, containersOf } from './api-server.ts';
import { annotate, askingPod, container, injected, planned, pod } from './pods.ts';
import { accepted, both, device, init, mount, refused, type Tweak, volume } from './tweaks.ts';

const OURS: VolumeMount = { name: 'rollcall', mountPath: MOUNT_PATH, readOnly: true };

/** The pod after injection. */
function after(given: Pod): Pod {
  return applied(given, injected(given).patch);
}

const mountsOf = (pod: Pod) => containersOf(pod).map(({ name, volumeMounts }) => [name, volumeMounts]);

describe('the containers', () => {
  const two = pod(({ spec }) => {
    spec.containers = [container('app'), container('backup')];
    spec.initContainers = [container('migrate')];
  });

  test('that get the mount are all but init containers, or those that are named', () => {
    const { mount, mounted, mainContainers } = planned(two);
    assert.deepEqual([mounted, mainContainers], [undefined, new Set(['app', 'backup'])]);
    assert.deepEqual(mount, { name: 'rollcall', mountPath: MOUNT_PATH, readOnly: true });
    assert.deepEqual(planned(two, {}).mounted, undefined);
  });

  test('of which kubectl means one are the same as before an ordinary sidecar came', () => {
    assert.equal(planned(two).defaultContainer, undefined);
    const ordinary = { [keys.nativeSidecar.key]: 'false' };
    assert.equal(planned(two, ordinary).defaultContainer, 'app');
    const again = pod(({ spec }) => {
      spec.containers = [{ name: 'rollcall', args: ['sidecar'] }, ...structuredClone(two.spec.containers)];
    });
    assert.equal(planned(again, ordinary).defaultContainer, 'app');
  });
});

describe('the mount of the application', () => {
  const mounted = (mount: VolumeMount) =>
    after(
      askingPod(({ spec }) => {
        spec.containers[0]!.volumeMounts!.push(mount);
      }),
    ).spec.containers[0]!.volumeMounts;

  test('is made read-only where it is not', () => {
    assert.deepEqual(mounted({ name: 'rollcall', mountPath: MOUNT_PATH }), [OURS]);
    assert.deepEqual(mounted({ ...OURS, readOnly: false }), [OURS]);
  });

  test('is left alone where it is right, with whatever else it says', () => {
    const more = { ...OURS, recursiveReadOnly: 'Disabled' };
    assert.deepEqual(mounted(more), [more]);
  });
});

describe('the containers that get the mount', () => {
  const three = (names: string) =>
    mountsOf(
      after(
        askingPod((made) => {
          annotate({ [keys.containers.key]: names })(made);
          made.spec.initContainers = [container('migrate', { volumeMounts: [] })];
          made.spec.containers.push(container('second'));
        }),
      ),
    ).slice(1);

  test('are those that are named, init containers among them; of the others only the token goes', () => {
    assert.deepEqual(three('app,migrate'), [
      ['migrate', [OURS]],
      ['app', [OURS]],
      ['second', []],
    ]);
    assert.deepEqual(three('second'), [
      ['migrate', []],
      ['app', []],
      ['second', [OURS]],
    ]);
  });
});

describe('the containers that are to have the mount', () => {
  test('must be there', () => {
    const [code, sentence] = refused(init('migrate'), { [keys.containers.key]: 'app,backup' });
    assert.equal(code, 'bad-value');
    assert.equal(
      sentence,
      'annotation rollcall.dev/containers: the pod has no container "backup"; it has app, migrate',
    );
  });

  test('may be init containers', () => accepted(init('migrate'), { [keys.containers.key]: 'migrate' }));
});

describe('a mount in the place of ours', () => {
  const OTHER = 'run';
  const taken: [what: string, Tweak, shown: string][] = [
    ['of another volume', mount({ name: OTHER, mountPath: '/run/rollcall' }), '"run" at /run/rollcall'],
    [
      'with slashes behind it',
      mount({ name: OTHER, mountPath: '/run/rollcall//' }),
      '"run" at /run/rollcall//',
    ],
    [
      'of our volume, in another spelling',
      mount({ name: 'rollcall', mountPath: '/run/rollcall/' }),
      '"rollcall" at /run/rollcall/',
    ],
    [
      'below it, where nothing can be made',
      mount({ name: OTHER, mountPath: '/run/rollcall/certs' }),
      '"run" at /run/rollcall/certs',
    ],
    [
      'with a slash too many',
      mount({ name: OTHER, mountPath: '//run//rollcall' }),
      '"run" at //run//rollcall',
    ],
    ['with a dot', mount({ name: OTHER, mountPath: '/run/./rollcall' }), '"run" at /run/./rollcall'],
    [
      'by a way around',
      mount({ name: OTHER, mountPath: '/run/x/../rollcall' }),
      '"run" at /run/x/../rollcall',
    ],
    [
      'by the link to it',
      mount({ name: OTHER, mountPath: '/var/run/rollcall' }),
      '"run" at /var/run/rollcall',
    ],
    ['as a device', device('/run/rollcall'), '"disk" at /run/rollcall'],
    ['as a device below it', device('/run/rollcall/disk'), '"disk" at /run/rollcall/disk'],
    ['as a device above it', device('/run'), '"disk" at /run'],
    [
      'over ours',
      mount({ name: 'rollcall', mountPath: '/run/rollcall' }, { name: OTHER, mountPath: '/run/rollcall/' }),
      '"run" at /run/rollcall/',
    ],
  ];
  for (const [what, tweak, shown] of taken) {
    test(`${what} hides it`, () => {
      const [code, sentence] = refused(tweak);
      assert.equal(code, 'mount-path-taken');
      assert.ok(sentence.includes(`container "app" mounts volume ${shown}; mount it elsewhere`), sentence);
      assert.match(sentence, /or give rollcall\.dev\/mount-path another folder/);
    });
  }

  test('above it hides it where it is read-only, since its folder can not be made', () => {
    const above = (fields: object): Tweak => mount({ name: OTHER, mountPath: '/run', ...fields });
    const of = (source: object): Tweak => volume({ name: OTHER, ...source });
    const readOnly: [Tweak, Record<string, string>?][] = [
      [above({ readOnly: true })],
      [both(above({}), of({ configMap: { name: 'x' } }))],
      [both(above({}), of({ persistentVolumeClaim: { claimName: 'x', readOnly: true } }))],
      [mount({ name: OTHER, mountPath: '/', readOnly: true })],
      [mount({ name: OTHER, mountPath: '/var/run/', readOnly: true })],
      [
        mount({ name: OTHER, mountPath: '/etc//app', readOnly: true }),
        { [keys.mountPath.key]: '/etc/app/peers' },
      ],
    ];
    for (const [tweak, annotations] of readOnly) {
      const [code, sentence] = refused(tweak, annotations);
      assert.equal(code, 'mount-path-taken');
      assert.match(
        sentence,
        /read-only at .*can't be made in it; give rollcall\.dev\/mount-path another folder/,
      );
    }
    accepted(both(above({}), of({ persistentVolumeClaim: { claimName: 'x' } })));
    accepted(above({ readOnly: true }), { [keys.mountPath.key]: '/srv/peers' });
    accepted(mount({ name: OTHER, mountPath: '/runner', readOnly: true }));
  });

  test('is none at another path, or above ours', () => {
    const elsewhere = { [keys.mountPath.key]: '/run/peers' };
    accepted(mount({ name: OTHER, mountPath: '/run/rollcall' }), elsewhere);
    accepted(mount({ name: OTHER, mountPath: '/run' }));
    accepted(mount({ name: OTHER, mountPath: '/run/rollcall-certs' }));
    assert.equal(refused(mount({ name: OTHER, mountPath: '/run/peers' }), elsewhere)[0], 'mount-path-taken');
  });

  test('is none in a container that gets no mount', () => {
    const initial = init('migrate', { volumeMounts: [{ name: OTHER, mountPath: '/run/rollcall' }] });
    accepted(initial);
    assert.equal(refused(initial, { [keys.containers.key]: 'migrate' })[0], 'mount-path-taken');
    const second: Tweak = ({ spec }) => spec.containers.push(container('second'));
    accepted(both(mount({ name: OTHER, mountPath: '/run/rollcall' }), second), {
      [keys.containers.key]: 'second',
    });
  });
});

describe('a mount of our volume', () => {
  const refusedWritable: [what: string, Tweak, place: string][] = [
    ['at another path', mount({ name: 'rollcall', mountPath: '/mine' }), '/mine'],
    ['of a part of it', mount({ name: 'rollcall', mountPath: '/mine', subPath: 'x' }), '/mine'],
    ['that says so', mount({ name: 'rollcall', mountPath: '/mine', readOnly: false }), '/mine'],
    [
      'by an init container',
      init('a', { volumeMounts: [{ name: 'rollcall', mountPath: '/run/rollcall' }] }),
      '/run',
    ],
  ];
  for (const [what, tweak, place] of refusedWritable) {
    test(`${what}, to be written to, is refused`, () => {
      const [code, sentence] = refused(tweak);
      assert.equal(code, 'name-taken');
      assert.match(
        sentence,
        /^container "(app|a)" mounts volume "rollcall" at .*; add readOnly: true, or remove/,
      );
      assert.ok(sentence.includes(`at ${place}`), sentence);
    });
  }

  test('to be read is the business of the application', () => {
    accepted(mount({ name: 'rollcall', mountPath: '/mine', readOnly: true }));
    accepted(init('a', { volumeMounts: [{ name: 'rollcall', mountPath: '/run/rollcall', readOnly: true }] }));
  });

  test('of a part of it, in the place of the whole, hides the socket', () => {
    for (const part of [{ subPath: 'x' }, { subPathExpr: '$(X)' }]) {
      const [code] = refused(
        mount({ name: 'rollcall', mountPath: '/run/rollcall', readOnly: true, ...part }),
      );
      assert.equal(code, 'mount-path-taken');
    }
    accepted(mount({ name: 'rollcall', mountPath: '/run/rollcall', subPath: '' }));
  });

  test('as a block device is refused, of the scripts as well when there are any', () => {
    const device = (name: string): Tweak => init('a', { volumeDevices: [{ name }] });
    assert.equal(refused(device('rollcall'))[0], 'name-taken');
    assert.equal(refused(device('rollcall-scripts'), { [keys.scripts.key]: 'a' })[0], 'name-taken');
    accepted(device('rollcall-scripts'));
    const scripts: VolumeMount = { name: 'rollcall-scripts', mountPath: '/s' };
    assert.equal(refused(mount(scripts), { [keys.scripts.key]: 'a' })[0], 'name-taken');
    accepted(mount({ ...scripts, readOnly: true }), { [keys.scripts.key]: 'a' });
  });
});

test('nobody else may mount the token of the sidecar', () => {
  const token = { name: 'rollcall-token', mountPath: '/token' };
  for (const tweak of [mount(token), init('migrate', { volumeMounts: [token] })]) {
    const [code, sentence] = refused(tweak);
    assert.equal(code, 'name-taken');
    assert.match(sentence, /container "(app|migrate)" mounts volume "rollcall-token".* remove it/);
  }
});
