import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import type { Pod } from '../../src/inject/pod.ts';
import { uninject } from '../../src/inject/uninject.ts';
import { applied, secondPass } from './api-server.ts';
import { annotate, askingPod, container, injected, labelled, pod, tokenVolume } from './pods.ts';

type Tweak = (pod: Pod) => void;

/** Returns the pod after injection and its reverse. */
function returned(given: Pod, context = {}): Pod {
  const patched = applied(given, injected(given, context).patch);
  assert.notDeepEqual(patched, given, 'it was injected');
  return applied(patched, uninject(patched));
}

/** Returns a pod for which no token was mounted. */
const untokened = (tweak: Tweak) =>
  askingPod((made) => {
    made.spec.volumes = [{ name: 'data', emptyDir: {} }];
    made.spec.containers = [container('app', { volumeMounts: [{ name: 'data', mountPath: '/data' }] })];
    tweak(made);
  });

const spec =
  (fields: object): Tweak =>
  (made) =>
    Object.assign(made.spec, fields);

const same: [what: string, tweak: Tweak][] = [
  ['with volumes and mounts of its own', () => {}],
  ['without volumes', ({ spec: made }) => delete made.volumes],
  [
    'with an empty list of volumes',
    spec({ volumes: [], containers: [container('app', { volumeMounts: [] })] }),
  ],
  ['without mounts', ({ spec: made }) => delete made.containers[0]!.volumeMounts],
  ['with an empty list of init containers', spec({ initContainers: [] })],
  ['with init containers', spec({ initContainers: [container('a', { volumeMounts: [] }), { name: 'b' }] })],
  [
    'whose init container gets the mount',
    (made) => {
      made.spec.initContainers = [{ name: 'migrate' }];
      annotate({ [keys.containers.key]: 'migrate' })(made);
    },
  ],
  ['with an account of its own', spec({ serviceAccountName: 'app', serviceAccount: 'app' })],
  [
    'with an account of its own, replaced',
    (made) => {
      Object.assign(made.spec, {
        serviceAccountName: 'app',
        serviceAccount: 'app',
        automountServiceAccountToken: true,
      });
      annotate({ [keys.serviceAccount.key]: 'scoped' })(made);
    },
  ],
  [
    'without a word of its account',
    ({ spec: made }) => {
      delete made.serviceAccount;
      delete made.serviceAccountName;
    },
  ],
  ['with an empty account', spec({ serviceAccountName: '', automountServiceAccountToken: false })],
  ['with an ordinary sidecar', annotate({ [keys.nativeSidecar.key]: 'false' })],
  [
    'with an ordinary sidecar, where kubectl meant another',
    annotate({
      [keys.nativeSidecar.key]: 'false',
      'kubectl.kubernetes.io/default-container': 'app',
    }),
  ],
  ['with scripts and files', annotate({ [keys.scripts.key]: 'a', 'rollcall.dev/file.a': '{name}' })],
  ['at another path', annotate({ [keys.mountPath.key]: '/run/peers' })],
  ['by DNS', annotate({ [keys.source.key]: 'dns' })],
];

describe('taken out again, what was put in leaves the pod as it was', () => {
  for (const [what, tweak] of same) {
    test(what, () => {
      const given = untokened(tweak);
      assert.deepEqual(returned(given), given);
    });
  }

  const bare: [what: string, metadata: Pod['metadata']][] = [
    ['no metadata', undefined],
    ['empty metadata', {}],
    ['no annotations', { name: 'a' }],
    ['empty annotations', { annotations: {} }],
  ];
  for (const [what, metadata] of bare) {
    test(`with ${what}`, () => {
      const given: Pod = {
        ...(metadata === undefined ? {} : { metadata }),
        spec: { containers: [{ name: 'app' }], subdomain: 'db' },
      };
      assert.deepEqual(returned(given, { namespace: labelled }), given);
    });
  }

  test('on a dry run', () => {
    const given = untokened(() => {});
    assert.deepEqual(returned(given, { dryRun: true }), given);
  });
});

test('a token that was taken away does not come back: it does when the pod is created', () => {
  const given = askingPod();
  const { containers, volumes, ...rest } = returned(given).spec;
  const { containers: before, volumes: _, ...same } = given.spec;
  assert.deepEqual(rest, same);
  assert.equal(volumes, undefined);
  assert.deepEqual(
    containers,
    before.map(({ volumeMounts: __, ...container }) => container),
  );
});

test('what the API server filled in, and others added since, stays', () => {
  const given = untokened(() => {});
  const seen = secondPass(applied(given, injected(given).patch));
  seen.spec.containers.push({
    name: 'late',
    volumeMounts: [{ name: 'rollcall', mountPath: '/run/rollcall' }],
  });
  Object.assign(seen.metadata!.annotations!, { 'other.example/x': 'y' });
  const left = applied(seen, uninject(seen));
  assert.deepEqual(
    left.spec.containers.map(({ name, volumeMounts }) => [name, volumeMounts]),
    [
      ['app', given.spec.containers[0]!.volumeMounts],
      ['late', undefined],
    ],
  );
  assert.deepEqual(left.metadata!.annotations, { ...given.metadata!.annotations, 'other.example/x': 'y' });
});

const STATUS = keys.status.key;

test('nothing is taken out of a pod that was not injected', () => {
  const untouched: Pod[] = [
    pod(),
    askingPod(),
    pod(
      annotate({ [STATUS]: '{"version":"0.2.0","account":"scoped","was":{"serviceAccountName":"admin"}}' }),
    ),
    pod(({ spec: made }) => made.volumes!.push({ name: 'rollcall', emptyDir: {} })),
    pod((made) => {
      annotate({ [STATUS]: 'x' })(made);
      made.spec.initContainers = [{ name: 'rollcall', args: ['sidecar'] }];
    }),
  ];
  for (const given of untouched) assert.deepEqual(uninject(given), []);
});

test('the pod that is given is left as it was, and tokens of the application stay', () => {
  const given = askingPod((made) => {
    Object.assign(made.spec, { serviceAccountName: 'app', serviceAccount: 'app' });
    made.spec.volumes!.push(tokenVolume('own-token'));
  });
  const patched = applied(given, injected(given).patch);
  const copy = structuredClone(patched);
  assert.deepEqual(applied(patched, uninject(patched)), given);
  assert.deepEqual(patched, copy);
});
