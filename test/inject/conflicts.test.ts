import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import type { Pod, Volume, VolumeMount } from '../../src/inject/pod.ts';
import { annotate, askingPod, container, decided, INSTALL, plain, planned, refusal } from './pods.ts';

type Tweak = (pod: Pod) => void;

const ORDINARY = { [keys.nativeSidecar.key]: 'false' };

function refused(tweak: Tweak, annotations: Record<string, string> = {}): [code: string, sentence: string] {
  const [, code, sentence] = refusal(decided(askingPod(both(annotate(annotations), tweak)), plain));
  return [code, sentence];
}

function accepted(tweak: Tweak, annotations: Record<string, string> = {}): void {
  const decision = decided(askingPod(both(annotate(annotations), tweak)), plain);
  assert.equal(decision.kind, 'inject', JSON.stringify(decision));
}

const both =
  (first: Tweak, second: Tweak): Tweak =>
  (made) => {
    first(made);
    second(made);
  };
const volume =
  (one: Volume): Tweak =>
  ({ spec }) =>
    spec.volumes!.push(one);
const mount =
  (...mounts: VolumeMount[]): Tweak =>
  ({ spec }) =>
    spec.containers[0]!.volumeMounts!.push(...mounts);
const device =
  (devicePath: string): Tweak =>
  ({ spec }) => {
    spec.containers[0]!.volumeDevices = [{ name: 'disk', devicePath }];
  };
const init =
  (name: string, fields: object = {}): Tweak =>
  ({ spec }) => {
    spec.initContainers = [...(spec.initContainers ?? []), container(name, fields)];
  };

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

describe('on the network of the node', () => {
  const ports =
    (...given: object[]): Tweak =>
    (made) => {
      made.spec.hostNetwork = true;
      made.spec.containers[0]!.ports = given;
    };
  const notify = (text: string) => ({ [keys.notify.key]: text });

  test('only a port of the pod itself is notified', () => {
    accepted(ports({ containerPort: 8080 }), notify('http://127.0.0.1:8080/members'));
    accepted(ports({ containerPort: 80, protocol: 'TCP' }), notify('http://127.0.0.1/'));
    accepted(ports({ containerPort: 53, protocol: 'UDP' }), notify('udp://[::1]:53'));
    accepted(() => {}, notify('http://127.0.0.1:10250/'));
    const cases: [Tweak, string][] = [
      [ports(), 'http://127.0.0.1:10250/'],
      [ports({ containerPort: 8080 }), 'http://127.0.0.1:8080/ http://localhost:10250/run'],
      [ports({ containerPort: 53 }), 'udp://127.0.0.1:53'],
      [ports({ containerPort: 80, protocol: 'UDP' }), 'http://127.0.0.1/'],
    ];
    for (const [tweak, text] of cases) {
      const [code, sentence] = refused(tweak, notify(text));
      assert.equal(code, 'bad-value');
      assert.match(
        sentence,
        /^annotation rollcall\.dev\/notify: ".*" leads to a port of the node.*containerPort/,
      );
    }
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
