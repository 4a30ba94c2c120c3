import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import { MOUNT_PATH, SCOPED_ACCOUNT, TOKEN_PATH } from '../../src/inject/names.ts';
import { escaped } from '../../src/inject/operations.ts';
import type { Pod, VolumeMount } from '../../src/inject/pod.ts';
import { applied, containersOf, secondPass } from './api-server.ts';
import {
  annotate,
  askingPod,
  container,
  injected,
  labelled,
  TOKEN,
  TOKEN_MOUNT,
  tokenVolume,
  warned,
} from './pods.ts';

const OURS: VolumeMount = { name: 'rollcall', mountPath: MOUNT_PATH, readOnly: true };

/** The pod after injection. */
function after(given: Pod): Pod {
  return applied(given, injected(given).patch);
}

function account(name: string) {
  return ({ spec }: Pod) => {
    Object.assign(spec, { serviceAccountName: name, serviceAccount: name });
  };
}

const mountsOf = (pod: Pod) => containersOf(pod).map(({ name, volumeMounts }) => [name, volumeMounts]);
const volumeNames = ({ spec }: Pod) => spec.volumes?.map(({ name }) => name);

describe('the account', () => {
  test('default is swapped, under both names, and no token is mounted for it any more', () => {
    const pod = after(askingPod());
    const { serviceAccountName, serviceAccount, automountServiceAccountToken } = pod.spec;
    assert.deepEqual([serviceAccountName, serviceAccount], [SCOPED_ACCOUNT, SCOPED_ACCOUNT]);
    assert.equal(automountServiceAccountToken, false);
    assert.deepEqual(volumeNames(pod), ['rollcall', 'rollcall-token']);
    assert.deepEqual(pod.spec.containers[0]!.volumeMounts, [OURS]);
  });

  test('another is kept, with its token', () => {
    const given = askingPod(account('app'));
    const pod = after(given);
    assert.deepEqual(
      [pod.spec.serviceAccountName, pod.spec.serviceAccount, pod.spec.automountServiceAccountToken],
      ['app', 'app', undefined],
    );
    assert.deepEqual(volumeNames(pod), [TOKEN, 'rollcall', 'rollcall-token']);
    assert.deepEqual(pod.spec.containers[0]!.volumeMounts, [TOKEN_MOUNT, OURS]);
  });

  test('on a dry run it stays, with its token and a warning', () => {
    const report = injected(askingPod(), { dryRun: true });
    const pod = applied(askingPod(), report.patch);
    assert.equal(pod.spec.serviceAccountName, 'default');
    assert.deepEqual(pod.spec.containers[0]!.volumeMounts, [TOKEN_MOUNT, OURS]);
    assert.match(warned(report).join(), /dry run.*"default".*"rollcall-watcher"/);
    const own = askingPod(({ spec }) => {
      spec.serviceAccountName = 'own';
    });
    assert.deepEqual(injected(own, { dryRun: true }).warnings, [], 'an own account is shown as it will be');
  });
});

describe('the token of the swapped account', () => {
  test('goes from every container and init container', () => {
    const pod = after(
      askingPod(({ spec }) => {
        spec.containers.push(container('second'));
        spec.initContainers = [container('migrate')];
      }),
    );
    assert.deepEqual(mountsOf(pod).slice(1), [
      ['migrate', []],
      ['app', [OURS]],
      ['second', [OURS]],
    ]);
  });

  test('stays as a volume where the application mounts it elsewhere itself', () => {
    const elsewhere = { name: TOKEN, mountPath: '/var/token', readOnly: true };
    const pod = after(
      askingPod(({ spec }) => {
        spec.containers[0]!.volumeMounts!.unshift(elsewhere);
      }),
    );
    assert.deepEqual(pod.spec.containers[0]!.volumeMounts, [elsewhere, OURS]);
    assert.deepEqual(volumeNames(pod), [TOKEN, 'rollcall', 'rollcall-token']);
  });

  test('is not what the application has of its own at the same path', () => {
    const own = { name: 'vault', mountPath: TOKEN_PATH, readOnly: true };
    const pod = after(
      askingPod(({ spec }) => {
        spec.volumes!.unshift({ name: 'vault', emptyDir: {} });
        spec.containers[0]!.volumeMounts = [own];
        spec.containers.push(container('second'));
      }),
    );
    assert.deepEqual(mountsOf(pod).slice(1), [
      ['app', [own, OURS]],
      ['second', [OURS]],
    ]);
    assert.deepEqual(volumeNames(pod), ['vault', 'rollcall', 'rollcall-token']);
  });

  test('goes, however many volumes of it there are', () => {
    const pod = after(
      askingPod(({ spec }) => {
        spec.volumes = [tokenVolume(), { name: 'data', emptyDir: {} }, tokenVolume('kube-api-access-other')];
        spec.containers[0]!.volumeMounts!.push({ name: 'data', mountPath: '/data' });
        spec.containers.push(
          container('second', { volumeMounts: [{ ...TOKEN_MOUNT, name: 'kube-api-access-other' }] }),
        );
      }),
    );
    assert.deepEqual(volumeNames(pod), ['data', 'rollcall', 'rollcall-token']);
    assert.deepEqual(pod.spec.containers[0]!.volumeMounts, [{ name: 'data', mountPath: '/data' }, OURS]);
  });
});

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

describe('a JSON pointer', () => {
  test('says ~ and / in keys in its own way', () => {
    assert.equal(escaped('a/b~c~1d'), 'a~1b~0c~01d');
    assert.equal(escaped('rollcall.dev/status'), 'rollcall.dev~1status');
  });
});

test('the status is written under an escaped key and replaces an older one', () => {
  const pod = after(
    askingPod(({ metadata }) => {
      Object.assign(metadata!.annotations!, { [keys.status.key]: 'old', 'a/b~c': 'kept' });
    }),
  );
  const { [keys.status.key]: status, ...rest } = pod.metadata!.annotations!;
  assert.equal(JSON.parse(status!).version, '0.1.0');
  assert.deepEqual(rest, { 'rollcall.dev/inject': 'true', 'a/b~c': 'kept' });
});

test('annotation keys that all objects inherit are kept and pollute nothing', () => {
  const given = askingPod(({ metadata }) => {
    metadata!.annotations = JSON.parse(
      '{"rollcall.dev/inject":"true","__proto__":"p","constructor":"c","hasOwnProperty":"h"}',
    );
  });
  const { patch } = injected(given);
  assert.ok(patch.every(({ path }) => !/__proto__|constructor|hasOwnProperty/.test(path)));
  const { annotations } = applied(given, patch).metadata!;
  assert.deepEqual([annotations?.constructor, annotations?.hasOwnProperty], ['c', 'h']);
  assert.equal(Object.getPrototypeOf({}), Object.prototype);
  assert.deepEqual(Object.keys(Object.prototype), []);
});
