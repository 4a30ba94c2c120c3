import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import type { Code } from '../../src/inject/codes.ts';
import { EXCLUDED_NAMESPACES } from '../../src/inject/names.ts';
import type { Pod } from '../../src/inject/pod.ts';
import { warningTexts } from '../../src/webhook/told.ts';
import { samples } from './key-samples.ts';
import {
  annotate,
  askingPod,
  container,
  decided,
  INSTALL,
  injected,
  labelled,
  plain,
  pod,
  refusal,
} from './pods.ts';

type Tweak = (pod: Pod) => void;

const MIRROR = { 'kubernetes.io/config.mirror': 'hash' };

/** The service of the group that the pod is to follow. */
function serviceOf(given: Pod, namespace = plain): unknown {
  const decision = decided(given, namespace);
  assert.equal(decision.kind, 'inject');
  return decision.kind === 'inject' && 'service' in decision.options.group && decision.options.group.service;
}

describe('who asks', () => {
  test('nobody: the pod stays as it is', () => {
    const [kind, code, sentence] = refusal(decided(pod(), plain));
    assert.deepEqual([kind, code], ['skip', 'not-opted-in']);
    assert.match(sentence, /rollcall\.dev\/inject on the pod.*rollcall\.dev\/injection on the namespace/);
  });

  test('the pod', () => {
    assert.equal(serviceOf(askingPod()), 'db');
  });

  test('its namespace', () => {
    const silent = pod(({ spec }) => Object.assign(spec, { subdomain: 'db' }));
    assert.equal(serviceOf(silent, labelled), 'db');
    for (const value of ['disabled', 'true', 'Enabled', '']) {
      const other = { ...plain, labels: { [keys.injection.key]: value } };
      assert.deepEqual(refusal(decided(silent, other)).slice(0, 2), ['skip', 'not-opted-in']);
    }
  });

  test('the pod decides over its namespace', () => {
    const refusing = askingPod(annotate({ [keys.inject.key]: 'false' }));
    for (const namespace of [plain, labelled]) {
      assert.deepEqual(refusal(decided(refusing, namespace)).slice(0, 2), ['skip', 'opted-out']);
    }
  });

  test('a pod that wants none is left alone whatever else it says', () => {
    const odd = askingPod(annotate({ [keys.inject.key]: 'false', [keys.service.key]: 'No!' }));
    assert.equal(refusal(decided(odd, plain))[1], 'opted-out');
  });

  test('labels of the pod, and annotations of the namespace, ask nothing', () => {
    const labelledPod = pod((made) => {
      made.metadata!.labels = { [keys.injection.key]: 'enabled', [keys.inject.key]: 'true' };
    });
    const asking = { ...plain, annotations: { [keys.inject.key]: 'true', [keys.injection.key]: 'enabled' } };
    assert.equal(refusal(decided(labelledPod, asking))[1], 'not-opted-in');
  });

  test('a namespace alone asks with the annotations of the pod too', () => {
    assert.equal(serviceOf(pod(annotate({ [keys.service.key]: 'cache' })), labelled), 'cache');
  });
});

const required = (...terms: object[]) => ({
  nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
});
const os = (operator: string, ...values: string[]) => by('kubernetes.io/os', operator, ...values);
const by = (key: string, operator: string, ...values: string[]) => ({
  matchExpressions: [
    { key: 'zone', operator: 'Exists' },
    { key, operator, values },
  ],
});
const spec =
  (fields: object): Tweak =>
  (made) =>
    Object.assign(made.spec, fields);

describe('a pod for Windows', () => {
  const windows: [what: string, fields: object][] = [
    ['spec.os', { os: { name: 'windows' } }],
    ['its node selector', { nodeSelector: { 'kubernetes.io/os': 'windows' } }],
    ['its node affinity', { affinity: required(os('In', 'windows')) }],
    ['every term of it', { affinity: required(os('In', 'windows'), os('In', 'windows')) }],
    ['the older label', { nodeSelector: { 'beta.kubernetes.io/os': 'windows' } }],
    ['the build of Windows', { nodeSelector: { 'node.kubernetes.io/windows-build': '10.0.20348' } }],
    ['affinity to all but Linux', { affinity: required(os('NotIn', 'linux')) }],
    ['affinity to the older label', { affinity: required(by('beta.kubernetes.io/os', 'In', 'windows')) }],
    ['affinity to a build', { affinity: required(by('node.kubernetes.io/windows-build', 'Exists')) }],
    ['a host process', { securityContext: { windowsOptions: { hostProcess: true } } }],
    [
      'a host process of one container',
      { containers: [container('app', { securityContext: { windowsOptions: { hostProcess: true } } })] },
    ],
  ];
  for (const [what, fields] of windows) {
    test(`is told by ${what}`, () => {
      assert.deepEqual(refusal(decided(askingPod(spec(fields)), plain)).slice(0, 2), ['deny', 'windows']);
    });
  }

  const others: [what: string, fields: object][] = [
    ['spec.os linux', { os: { name: 'linux' } }],
    ['a selector of Linux nodes', { nodeSelector: { 'kubernetes.io/os': 'linux' } }],
    ['one term that leads elsewhere', { affinity: required(os('In', 'windows'), os('In', 'linux')) }],
    ['either', { affinity: required(os('In', 'windows', 'linux')) }],
    ['all but Windows', { affinity: required(os('NotIn', 'windows')) }],
    ['a term about other things', { affinity: required({}) }],
    ['no terms', { affinity: required() }],
    ['all but Linux of one kind', { affinity: required(os('NotIn', 'solaris')) }],
    [
      'its own word, whatever it selects',
      { os: { name: 'linux' }, nodeSelector: { 'kubernetes.io/os': 'windows' } },
    ],
    ['options for Windows that say nothing', { securityContext: { windowsOptions: {} } }],
    ['affinity that is not required', { affinity: { nodeAffinity: {} } }],
  ];
  for (const [what, fields] of others) {
    test(`is not told by ${what}`, () => assert.equal(serviceOf(askingPod(spec(fields))), 'db'));
  }
});

/** What stands in the way: the code, how the pod comes to it, and what its sentence must say. */
const problems: [Code, string, Tweak, RegExp][] = [
  [
    'bad-value',
    'a service that is no name',
    annotate({ [keys.service.key]: 'My_DB' }),
    /^annotation rollcall\.dev\/service: "My_DB" is not valid; give the name of a Service/,
  ],
  [
    'bad-value',
    'a service in another namespace',
    annotate({ [keys.service.key]: 'other/db' }),
    /"other\/db" is not valid; .* in the namespace of the pod/,
  ],
  ['no-service', 'no word of a group', ({ spec: made }) => delete made.subdomain, /write .*service: "NAME"/],
  ['windows', 'another system', spec({ os: { name: 'windows' } }), /Linux nodes only/],
  [
    'name-taken',
    'a container under our name',
    ({ spec: made }) => made.containers.push({ name: 'rollcall' }),
    /container "rollcall" of its own; give it another name/,
  ],
  [
    'mount-path-taken',
    'a mount in our place',
    ({ spec: made }) => made.containers[0]!.volumeMounts!.push({ name: 'run', mountPath: '/run/rollcall' }),
    /container "app" mounts volume "run" at \/run\/rollcall; mount it elsewhere/,
  ],
];

for (const [code, what, tweak, wanted] of problems) {
  test(`${code}: ${what} denies a pod that asks, and skips one that only its namespace asks for`, () => {
    const asking = refusal(decided(askingPod(tweak), plain));
    assert.deepEqual(asking.slice(0, 2), ['deny', code]);
    assert.match(asking[2], wanted);
    const silent = askingPod(tweak);
    delete silent.metadata!.annotations![keys.inject.key];
    assert.deepEqual(refusal(decided(silent, labelled)), ['skip', code, asking[2]]);
    assert.equal(refusal(decided(silent, plain))[1], 'not-opted-in', 'nobody asks: nothing is said of it');
  });
}

describe('a static pod', () => {
  test('is never denied: its node runs it all the same, and it would be hidden', () => {
    for (const inject of ['true', 'yes', '']) {
      const mirror = askingPod(annotate({ ...MIRROR, [keys.inject.key]: inject }));
      assert.equal(decided(mirror, labelled).kind, 'skip');
    }
    const [kind, code, sentence] = refusal(decided(askingPod(annotate(MIRROR)), plain));
    assert.deepEqual([kind, code], ['skip', 'mirror-pod']);
    assert.match(sentence, /run by its node alone/);
  });

  test('of which nobody asks anything is like any other', () => {
    assert.equal(refusal(decided(pod(annotate(MIRROR)), plain))[1], 'not-opted-in');
  });
});

test('bad-value: whoever misspells the question asks, so is denied', () => {
  for (const value of ['yes', 'True', '', '1']) {
    assert.deepEqual(refusal(decided(askingPod(annotate({ [keys.inject.key]: value })), labelled)), [
      'deny',
      'bad-value',
      `annotation rollcall.dev/inject: "${value}" is not valid; give "true" or "false"`,
    ]);
  }
});

test('a bad value of the namespace denies a pod that asks too, and the sentence says whose it is', () => {
  const namespace = { ...labelled, annotations: { [keys.waitFor.key]: 'many' } };
  const [kind, code, sentence] = refusal(decided(askingPod(), namespace));
  assert.deepEqual([kind, code], ['deny', 'bad-value']);
  assert.match(sentence, /^annotation rollcall\.dev\/wait-for of the namespace: "many" is not valid; give/);
  const silent = pod(({ spec: made }) => Object.assign(made, { subdomain: 'db' }));
  assert.deepEqual(refusal(decided(silent, namespace)), ['skip', 'bad-value', sentence]);
});

test('what does not go together is told with whose it is, too', () => {
  const namespace = (annotations: Record<string, string>) => ({ ...plain, annotations });
  for (const [annotations, named] of [
    [{ [keys.service.key]: 'a', [keys.selector.key]: 'a=b' }, keys.service],
    [{ [keys.selector.key]: 'a=b', [keys.source.key]: 'dns' }, keys.source],
    [
      { [keys.waitFor.key]: '2', [keys.waitAction.key]: 'fail', [keys.nativeSidecar.key]: 'false' },
      keys.waitAction,
    ],
  ] as [Record<string, string>, { key: string }][]) {
    const [, code, sentence] = refusal(decided(askingPod(), namespace(annotations)));
    assert.equal(code, 'bad-value');
    assert.ok(sentence.startsWith(`annotation ${named.key} of the namespace`), sentence);
  }
});

describe('a namespace that nothing is added to', () => {
  const excluded = [...EXCLUDED_NAMESPACES, 'rollcall-system'].map((name) => ({ ...labelled, name }));
  const install = { ...INSTALL, ownNamespace: 'rollcall-system' };

  test('has its pods skipped, never refused, whatever they say', () => {
    assert.deepEqual(EXCLUDED_NAMESPACES, ['kube-system', 'kube-public', 'kube-node-lease']);
    for (const namespace of excluded) {
      for (const inject of ['true', 'yes', '']) {
        const asking = askingPod(annotate({ [keys.inject.key]: inject, [keys.service.key]: 'No!' }));
        assert.equal(decided(asking, namespace, { install }).kind, 'skip');
      }
      const [kind, code, sentence] = refusal(decided(askingPod(), namespace, { install }));
      assert.deepEqual([kind, code], ['skip', 'excluded-namespace']);
      assert.match(sentence, new RegExp(`namespace "${namespace.name}"; run .* in another`));
      assert.equal(refusal(decided(pod(), namespace, { install }))[1], 'excluded-namespace');
      assert.match(warningTexts(injected(askingPod(), { namespace, install })).join(), /excluded-namespace/);
    }
  });

  test('is quiet about pods that nobody meant', () => {
    const namespace = { ...plain, name: 'kube-system' };
    assert.equal(refusal(decided(pod(), namespace))[1], 'not-opted-in');
    const declining = pod(annotate({ [keys.inject.key]: 'false' }));
    assert.equal(refusal(decided(declining, { ...labelled, name: 'kube-system' }))[1], 'opted-out');
  });

  test('is none under the name of another', () => {
    for (const name of ['kube-systems', 'default', 'rollcall-system'])
      assert.equal(decided(askingPod(), { ...plain, name }).kind, 'inject');
  });
});

describe('a pod on the network of its node', () => {
  const onNode = spec({ hostNetwork: true });

  test('has to ask itself', () => {
    assert.equal(decided(askingPod(onNode), labelled).kind, 'inject');
    const silent = askingPod(onNode);
    delete silent.metadata!.annotations![keys.inject.key];
    const [kind, code, sentence] = refusal(decided(silent, labelled));
    assert.deepEqual([kind, code], ['skip', 'host-network']);
    assert.match(sentence, /ask itself, with rollcall\.dev\/inject: "true"/);
  });
});

describe('a pod of a size that none has', () => {
  const many = (count: number, name: string) =>
    Array.from({ length: count }, (_, index) => ({ name: `${name}-${index}` }));
  const mounts = many(2001, 'm').map(({ name }) => ({ name, mountPath: `/${name}` }));
  const sizes: [what: string, fields: object, decided: boolean][] = [
    ['500 containers', { containers: many(400, 'a'), initContainers: many(100, 'b') }, true],
    ['501 containers', { containers: many(400, 'a'), initContainers: many(101, 'b') }, false],
    ['1000 volumes', { volumes: many(1000, 'v') }, true],
    ['1001 volumes', { volumes: many(1001, 'v') }, false],
    ['2001 mounts', { containers: [{ name: 'a', volumeMounts: mounts }] }, false],
  ];
  for (const [what, fields, fine] of sizes) {
    test(`${what}: ${fine ? 'is injected' : 'is refused when it asks, and skipped when its namespace does'}`, () => {
      const asking = askingPod(spec(fields));
      if (fine) return assert.equal(decided(asking, plain).kind, 'inject');
      const [kind, code, sentence] = refusal(decided(asking, plain));
      assert.deepEqual([kind, code], ['deny', 'too-large']);
      assert.ok(sentence.includes(`has ${what}, and the sidecar is added to pods of up to`), sentence);
      delete asking.metadata!.annotations![keys.inject.key];
      assert.deepEqual(refusal(decided(asking, labelled)).slice(0, 2), ['skip', 'too-large']);
      assert.equal(refusal(decided(asking, plain))[1], 'not-opted-in');
    });
  }

  test('also by its annotations', () => {
    const asking = askingPod(annotate(Object.fromEntries(many(1001, 'a').map(({ name }) => [name, '']))));
    assert.equal(refusal(decided(asking, plain))[1], 'too-large');
  });
});

test('what runs, sends, mounts or changes identity is not for a namespace to say: it is warned of', () => {
  const unheard = [
    'onStart',
    'onChange',
    'scripts',
    'notify',
    'mountPath',
    'containers',
    'serviceAccount',
  ] as const;
  for (const name of unheard) {
    const { key } = keys[name];
    const { good } = samples[name];
    const namespace = { ...labelled, annotations: { [key]: name === 'containers' ? 'none' : good[1]! } };
    const silent = pod(({ spec: made }) => Object.assign(made, { subdomain: 'db' }));
    const report = injected(silent, { namespace });
    assert.deepEqual(report.plan, injected(silent, { namespace: labelled }).plan, key);
    const [warning, ...more] = report.warnings;
    assert.deepEqual([warning!.code, more], ['namespace-key', []]);
    assert.match(warning!.sentence, /^these annotations of the namespace do nothing: rollcall/);
    assert.ok(warning!.sentence.includes(key));
    assert.deepEqual(injected(pod(), { namespace: { ...namespace, labels: {} } }).warnings, []);
  }
});

test('a pod without metadata, annotations or volumes is decided like any other', () => {
  const bare: Pod = { spec: { containers: [{ name: 'app' }], subdomain: 'db' } };
  assert.equal(decided(bare, labelled).kind, 'inject');
  assert.equal(refusal(decided(bare, plain))[1], 'not-opted-in');
});

test('names that all objects inherit are neither annotations nor labels', () => {
  const odd = pod((made) => {
    made.metadata!.annotations = JSON.parse(
      '{"__proto__": {"rollcall.dev/inject": "true"}, "constructor": "true", "toString": "x"}',
    );
  });
  assert.equal(refusal(decided(odd, plain))[1], 'not-opted-in');
  assert.equal(refusal(decided(pod(), { ...plain, labels: JSON.parse('{"__proto__": {}}') }))[0], 'skip');
  const inheriting = pod(({ metadata }) => {
    metadata!.annotations = Object.create({ [keys.inject.key]: 'true' });
  });
  assert.equal(refusal(decided(inheriting, plain))[1], 'not-opted-in');
  assert.equal(({} as Record<string, unknown>)['rollcall.dev/inject'], undefined);
});
