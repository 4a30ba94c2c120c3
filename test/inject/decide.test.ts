import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import { type Decision, decide, type SkipCode } from '../../src/inject/decide.ts';
import { volumes } from '../../src/inject/plan.ts';
import type { Pod } from '../../src/inject/pod.ts';
import { askingPod, container, labelled, plain, pod } from './pods.ts';

type Tweak = (pod: Pod) => void;

function annotate(annotations: Record<string, string>): Tweak {
  return (made) => {
    made.metadata!.annotations = { ...made.metadata!.annotations, ...annotations };
  };
}

function refusal(decision: Decision): [kind: string, code: SkipCode, sentence: string] {
  assert.notEqual(decision.kind, 'inject');
  const { kind, code, sentence } = decision as Exclude<Decision, { kind: 'inject' }>;
  return [kind, code, sentence];
}

describe('who asks', () => {
  test('nobody: the pod stays as it is', () => {
    const [kind, code, sentence] = refusal(decide(pod(), plain));
    assert.deepEqual([kind, code], ['skip', 'not-opted-in']);
    assert.match(sentence, /rollcall\.dev\/inject on the pod.*rollcall\.dev\/injection on the namespace/);
  });

  test('the pod', () => {
    assert.deepEqual(decide(askingPod(), plain), { kind: 'inject', options: { service: 'db' } });
  });

  test('its namespace', () => {
    const silent = pod((made) => {
      made.spec.subdomain = 'db';
    });
    assert.equal(decide(silent, labelled).kind, 'inject');
    const other = { name: 'demo', labels: { [keys.injection.key]: 'disabled' } };
    assert.deepEqual(refusal(decide(silent, other)).slice(0, 2), ['skip', 'not-opted-in']);
  });

  test('the pod decides over its namespace', () => {
    const refusing = askingPod(annotate({ [keys.inject.key]: 'false' }));
    for (const namespace of [plain, labelled]) {
      assert.deepEqual(refusal(decide(refusing, namespace)).slice(0, 2), ['skip', 'opted-out']);
    }
  });

  test('the label counts on the namespace only, and annotations of the namespace do not exist', () => {
    const labelledPod = pod((made) => {
      made.metadata!.labels = { [keys.injection.key]: 'enabled', [keys.inject.key]: 'true' };
    });
    assert.equal(refusal(decide(labelledPod, plain))[1], 'not-opted-in');
  });
});

describe('which group', () => {
  test('the annotation, else the subdomain', () => {
    const both = askingPod(annotate({ [keys.service.key]: 'cache' }));
    assert.deepEqual(decide(both, plain), { kind: 'inject', options: { service: 'cache' } });
  });

  test('a namespace alone asks with the annotation of the pod too', () => {
    const silent = pod(annotate({ [keys.service.key]: 'cache' }));
    assert.deepEqual(decide(silent, labelled), { kind: 'inject', options: { service: 'cache' } });
  });
});

/** What stands in the way: the code, how the pod comes to it, and what its sentence must name. */
const problems: [SkipCode, string, Tweak, RegExp[]][] = [
  [
    'bad-value',
    'a service that is no name',
    annotate({ [keys.service.key]: 'My_DB' }),
    [/rollcall\.dev\/service/, /"My_DB"/, /write the name of a Service/],
  ],
  [
    'bad-value',
    'a service in another namespace',
    annotate({ [keys.service.key]: 'other/db' }),
    [/"other\/db"/, /in the namespace of the pod/],
  ],
  ['bad-value', 'an empty service', annotate({ [keys.service.key]: '' }), [/""/, /at most 63/]],
  ['bad-value', 'a name too long', annotate({ [keys.service.key]: 'a'.repeat(64) }), [/at most 63/]],
  [
    'no-service',
    'neither annotation nor subdomain',
    (made) => {
      delete made.spec.subdomain;
    },
    [/rollcall\.dev\/service is missing/, /spec\.subdomain/, /write rollcall\.dev\/service: "NAME"/],
  ],
  ['mirror-pod', 'a static pod', annotate({ 'kubernetes.io/config.mirror': 'hash' }), [/static pod/]],
  [
    'windows',
    'spec.os',
    (made) => {
      made.spec.os = { name: 'windows' };
    },
    [/Linux nodes only/],
  ],
  [
    'windows',
    'the node selector',
    (made) => {
      made.spec.nodeSelector = { 'kubernetes.io/os': 'windows' };
    },
    [/Linux nodes only/],
  ],
  [
    'name-taken',
    'a volume "rollcall" of another kind',
    (made) => made.spec.volumes!.push({ name: 'rollcall', configMap: { name: 'x' } }),
    [/volume "rollcall" of its own/, /another name/],
  ],
  [
    'name-taken',
    'a volume "rollcall" on disk',
    (made) => made.spec.volumes!.push({ name: 'rollcall', emptyDir: {} }),
    [/volume "rollcall"/],
  ],
  [
    'name-taken',
    'a volume "rollcall-token" with another audience',
    (made) =>
      made.spec.volumes!.push({
        name: 'rollcall-token',
        projected: {
          defaultMode: 0o444,
          sources: [{ serviceAccountToken: { path: 'token', audience: 'a' } }],
        },
      }),
    [/volume "rollcall-token"/],
  ],
  [
    'name-taken',
    'a container "rollcall"',
    (made) => made.spec.containers.push(container('rollcall')),
    [/container "rollcall" of its own/, /another name/],
  ],
  [
    'name-taken',
    'an application that mounts the token of the sidecar',
    (made) => made.spec.containers[0]!.volumeMounts!.push({ name: 'rollcall-token', mountPath: '/token' }),
    [/container "app" mounts volume "rollcall-token"/, /remove it/],
  ],
  [
    'mount-path-taken',
    'another volume at our path',
    (made) => made.spec.containers[0]!.volumeMounts!.push({ name: 'run', mountPath: '/run/rollcall' }),
    [/container "app" mounts volume "run" at \/run\/rollcall/, /mount it elsewhere/],
  ],
  [
    'mount-path-taken',
    'the same path with a slash',
    (made) => made.spec.containers[0]!.volumeMounts!.push({ name: 'run', mountPath: '/run/rollcall//' }),
    [/at \/run\/rollcall\/\/; mount it elsewhere/],
  ],
  [
    'mount-path-taken',
    'our volume at our path, written in another way',
    (made) => made.spec.containers[0]!.volumeMounts!.push({ name: 'rollcall', mountPath: '/run/rollcall/' }),
    [/volume "rollcall" at \/run\/rollcall\/; mount it elsewhere/],
  ],
  [
    'mount-path-taken',
    'another volume over ours',
    (made) =>
      made.spec.containers[0]!.volumeMounts!.push(
        { name: 'rollcall', mountPath: '/run/rollcall' },
        { name: 'run', mountPath: '/run/rollcall/' },
      ),
    [/volume "run"/],
  ],
];

for (const [code, what, tweak, wanted] of problems) {
  test(`${code}: ${what} denies a pod that asks, and skips one that only its namespace asks for`, () => {
    const asking = refusal(decide(askingPod(tweak), plain));
    assert.deepEqual(asking.slice(0, 2), ['deny', code]);
    for (const part of wanted) assert.match(asking[2], part);
    const silent = askingPod(tweak);
    delete silent.metadata!.annotations![keys.inject.key];
    assert.deepEqual(refusal(decide(silent, labelled)), ['skip', code, asking[2]]);
    assert.equal(refusal(decide(silent, plain))[1], 'not-opted-in', 'nobody asks: nothing is said of it');
  });
}

test('bad-value: whoever misspells the question asks, so is denied', () => {
  for (const value of ['yes', 'True', '', '1']) {
    const [kind, code, sentence] = refusal(decide(pod(annotate({ [keys.inject.key]: value })), labelled));
    assert.deepEqual([kind, code], ['deny', 'bad-value']);
    assert.equal(
      sentence,
      `annotation rollcall.dev/inject: "${value}" is not valid; write "true" or "false"`,
    );
  }
});

test('volumes that are ours already, with defaults or more mounts, are no conflict', () => {
  const prepared = askingPod((made) => {
    made.spec.volumes!.push(...structuredClone(volumes()));
    made.spec.containers[0]!.volumeMounts!.push({ name: 'rollcall', mountPath: '/run/rollcall' });
  });
  assert.equal(decide(prepared, plain).kind, 'inject');
});

test('a pod without metadata, annotations or volumes is decided like any other', () => {
  const bare: Pod = { spec: { containers: [{ name: 'app' }], subdomain: 'db' } };
  assert.equal(decide(bare, labelled).kind, 'inject');
  assert.equal(refusal(decide(bare, plain))[1], 'not-opted-in');
});

test('names that all objects inherit are neither annotations nor labels', () => {
  const odd = pod((made) => {
    made.metadata!.annotations = JSON.parse(
      '{"__proto__": {"rollcall.dev/inject": "true"}, "constructor": "true", "toString": "x"}',
    );
  });
  assert.equal(refusal(decide(odd, plain))[1], 'not-opted-in');
  assert.equal(refusal(decide(pod(), { name: 'demo', labels: JSON.parse('{"__proto__": {}}') }))[0], 'skip');
  const inheriting = pod(({ metadata }) => {
    metadata!.annotations = Object.create({ [keys.inject.key]: 'true' });
  });
  assert.equal(refusal(decide(inheriting, plain))[1], 'not-opted-in');
  assert.equal(({} as Record<string, unknown>)['rollcall.dev/inject'], undefined);
});
