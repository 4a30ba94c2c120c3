import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import type { Code } from '../../src/inject/codes.ts';
import type { Options } from '../../src/inject/options.ts';
import type { Container, Pod } from '../../src/inject/pod.ts';
import { applied, secondPass, withoutNativeSidecars } from './api-server.ts';
import { sampled, writtenKey } from './key-samples.ts';
import { annotate, askingPod, container, decided, injected, labelled, plain, pod, refusal } from './pods.ts';
import type { Tweak } from './tweaks.ts';

/** An injected pod as it comes again, with a change that somebody made to the sidecar. */
function altered(change: (sidecar: Container, pod: Pod) => void): Pod {
  const again = secondPass(applied(askingPod(), injected(askingPod()).patch));
  change(again.spec.initContainers![0]!, again);
  return again;
}

/** The paths that a second call writes to. */
const touched = (given: Pod) => injected(given).patch.map(({ op, path }) => `${op} ${path}`);

/** The service of the group that the pod is to follow. */
function serviceOf(given: Pod, namespace = plain): unknown {
  const decision = decided(given, namespace);
  assert.equal(decision.kind, 'inject');
  const { group } = (decision.kind === 'inject' && decision.options) as Options;
  return group !== undefined && 'service' in group && group.service;
}

const spec =
  (fields: object): Tweak =>
  (made) =>
    Object.assign(made.spec, fields);

/** The reasons against injection: the code, the change to the pod that causes it, and the words of its sentence. */
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

describe('a report', () => {
  test('of a pod that is left alone has no patch and no plan', () => {
    const report = injected(pod());
    assert.deepEqual(
      [report.decision.kind, report.patch, report.plan, report.warnings],
      ['skip', [], undefined, []],
    );
  });

  test('of a refused pod has no patch either', () => {
    const { decision, patch } = injected(
      askingPod(({ metadata }) => {
        metadata!.annotations![keys.service.key] = 'No!';
      }),
    );
    assert.deepEqual([decision.kind, patch], ['deny', []]);
  });

  test('of an injected pod has what was planned', () => {
    const report = injected(askingPod());
    assert.ok(report.decision.kind === 'inject');
    assert.deepEqual(report.decision.options.group, { source: 'endpointslices', service: 'db' });
    assert.deepEqual(report.decision.plan, report.plan);
    assert.equal(report.plan?.accountName, 'rollcall-watcher');
    assert.ok(report.patch.length > 0);
  });
});

describe('a pod that comes again', () => {
  test('gets an empty patch, though the API server has filled it in', () => {
    assert.deepEqual(touched(altered(() => {})), []);
  });

  test('gets an empty patch with an account of its own, and from its namespace', () => {
    const given = pod(({ spec }) => {
      Object.assign(spec, { serviceAccountName: 'app', serviceAccount: 'app', subdomain: 'db' });
    });
    const first = injected(given, { namespace: labelled });
    const again = secondPass(applied(given, first.patch));
    assert.deepEqual(injected(again, { namespace: labelled }).patch, []);
  });

  test('gets an empty patch on a dry run', () => {
    const context = { namespace: plain, dryRun: true };
    const again = secondPass(applied(askingPod(), injected(askingPod(), context).patch));
    assert.deepEqual(injected(again, context).patch, []);
  });

  const several: Record<string, string>[] = [
    ...sampled.flatMap(([name, { good }]) => good.map((text) => ({ [writtenKey(name)]: text }))),
    { [keys.nativeSidecar.key]: 'false', [keys.port.key]: 'off', [keys.scripts.key]: 'a' },
    { [keys.cpuLimit.key]: '1000m', [keys.memoryLimit.key]: '0.25Gi', [keys.cpuRequest.key]: '0.05' },
    { [keys.containers.key]: 'app', [keys.mountPath.key]: '/run/peers' },
  ];
  test('gets an empty patch whatever it says', () => {
    let count = 0;
    for (const annotations of several) {
      const given = askingPod(annotate(annotations));
      const first = injected(given);
      if (first.decision.kind !== 'inject') continue;
      count += 1;
      const again = secondPass(applied(given, first.patch));
      assert.deepEqual(injected(again).patch, [], JSON.stringify(annotations));
    }
    assert.ok(count > 50, `${count} of ${several.length} were injected`);
  });

  test('gets an empty patch where the pod has resources as a whole', () => {
    const given = askingPod(({ spec }) => {
      spec.resources = { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } };
    });
    assert.deepEqual(injected(secondPass(applied(given, injected(given).patch))).patch, []);
  });

  test('gets its restart policy back where a webhook that does not know it took it away', () => {
    const stripped = withoutNativeSidecars(altered(() => {}));
    const { patch } = injected(stripped);
    assert.deepEqual(
      patch.map(({ path }) => path),
      ['/spec/initContainers/0'],
    );
    assert.equal(applied(stripped, patch).spec.initContainers![0]!.restartPolicy, 'Always');
  });

  const replaced: [what: string, change: (sidecar: Container) => void][] = [
    ['a command of its own', (sidecar) => Object.assign(sidecar, { command: ['sh'] })],
    ['other arguments', (sidecar) => Object.assign(sidecar, { args: ['sidecar', '--server', 'http://x'] })],
    ['another image', (sidecar) => Object.assign(sidecar, { image: 'evil:1' })],
    ['a hook', (sidecar) => Object.assign(sidecar, { lifecycle: { postStart: { exec: {} } } })],
    ['ports', (sidecar) => Object.assign(sidecar, { ports: [{ containerPort: 1, hostPort: 1 }] })],
    ['no restart policy', (sidecar) => delete sidecar.restartPolicy],
    ['a working directory', (sidecar) => Object.assign(sidecar, { workingDir: '/tmp' })],
    ['no probe', (sidecar) => delete sidecar.startupProbe],
    ['a pull policy that never pulls', (sidecar) => Object.assign(sidecar, { imagePullPolicy: 'Never' })],
    ['root', (sidecar) => Object.assign(sidecar.securityContext as object, { runAsUser: 0 })],
    ['privileges', (sidecar) => Object.assign(sidecar.securityContext as object, { privileged: true })],
    [
      'a capability',
      (sidecar) =>
        Object.assign(sidecar.securityContext as object, {
          capabilities: { drop: ['ALL'], add: ['SYS_PTRACE'] },
        }),
    ],
    ['no security context', (sidecar) => delete sidecar.securityContext],
    ['no limits', (sidecar) => Object.assign(sidecar, { resources: {} })],
    [
      'the service of another group, said again',
      (sidecar) => (sidecar.env as object[]).push({ name: 'ROLLCALL_SERVICE', value: 'other' }),
    ],
    ['no token', (sidecar) => sidecar.volumeMounts!.pop()],
  ];

  for (const [what, change] of replaced) {
    test(`gets the sidecar anew where it has ${what}`, () => {
      const given = altered(change);
      assert.deepEqual(touched(given), ['replace /spec/initContainers/0']);
      const { plan, patch } = injected(given);
      assert.deepEqual(applied(given, patch).spec.initContainers, [plan!.sidecar]);
    });
  }

  const kept: [what: string, change: (sidecar: Container, pod: Pod) => void][] = [
    ['a variable more', (sidecar) => (sidecar.env as object[]).unshift({ name: 'HTTP_PROXY', value: 'p' })],
    [
      'a mount more',
      (sidecar, { spec }) => {
        spec.volumes!.push({ name: 'zone', emptyDir: {} });
        sidecar.volumeMounts!.push({ name: 'zone', mountPath: '/usr/share/zoneinfo' });
      },
    ],
    [
      'a limit more',
      (sidecar) => {
        const { limits } = sidecar.resources as { limits: Record<string, string> };
        limits['ephemeral-storage'] = '1Gi';
      },
    ],
    [
      'the pull policy of AlwaysPullImages',
      (sidecar) => Object.assign(sidecar, { imagePullPolicy: 'Always' }),
    ],
    [
      'the image from a mirror',
      (sidecar) => Object.assign(sidecar, { image: `mirror.example/hub/${sidecar.image}` }),
    ],
    [
      'another sidecar before it',
      (_sidecar, { spec }) => spec.initContainers!.unshift(container('proxy', { volumeMounts: [] })),
    ],
  ];

  for (const [what, change] of kept) {
    test(`keeps ${what}, which another injector or the cluster gave it`, () => {
      assert.deepEqual(touched(altered(change)), []);
    });
  }

  test('gets what another injector took away, and no more', () => {
    const given = altered((_sidecar, { spec }) =>
      spec.containers.push(container('late', { volumeMounts: [] })),
    );
    assert.deepEqual(touched(given), ['add /spec/containers/1/volumeMounts']);
  });

  test('follows its annotation to another group', () => {
    const given = altered((_sidecar, { metadata }) => {
      metadata!.annotations![keys.service.key] = 'cache';
    });
    assert.deepEqual(touched(given), [
      'add /metadata/annotations/rollcall.dev~1status',
      'replace /spec/initContainers/0',
    ]);
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
