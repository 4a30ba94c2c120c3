import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseConfig } from '../../src/config.ts';
import { MOUNT_PATH, TOKEN_PATH } from '../../src/inject/names.ts';
import type { Container, Pod } from '../../src/inject/pod.ts';
import { HOLD_MS } from '../../src/sidecar/health.ts';
import { sidecarSettings } from '../../src/sidecar-settings.ts';
import { USER } from '../../src/watcher/contract.ts';
import { restrictedViolations } from '../support/pod-security.ts';
import { expanded } from './env-expansion.ts';
import { annotate, askingPod, container, INSTALL, injected, readable, refusal } from './pods.ts';
import { SEED } from './seed.ts';

// biome-ignore lint/suspicious/noExplicitAny: a container's fields are looked into freely here
type Any = any;

/** Returns the sidecar of a pod with these annotations. */
function sidecar(annotations: Record<string, string> = {}, tweak: (pod: Pod) => void = () => {}): Any {
  const given = askingPod((made) => {
    annotate(annotations)(made);
    tweak(made);
  });
  const { plan, decision } = injected(given, { namespace: readable });
  assert.ok(plan, JSON.stringify(decision));
  return plan.sidecar;
}

/** The variables of the sidecar as the process sees them. */
function environmentOf({ env }: Container): Record<string, string> {
  const all = env as { name: string; value?: string }[];
  return expanded(all.flatMap(({ name, value }) => (value === undefined ? [] : [{ name, value }])));
}

const ours = (given: Container) =>
  Object.fromEntries(Object.entries(environmentOf(given)).filter(([name]) => name.startsWith('ROLLCALL_')));
const mountPaths = ({ volumeMounts }: Container) => volumeMounts?.map(({ mountPath }) => mountPath);
const spec = (fields: object) => (made: Pod) => Object.assign(made.spec, fields);

describe('what it is told', () => {
  test('is who it is and whom to follow', () => {
    const fieldRef = (fieldPath: string) => ({ fieldRef: { apiVersion: 'v1', fieldPath } });
    const { env, image, args } = sidecar();
    assert.deepEqual(
      env.filter(({ name }: Any) => name.startsWith('ROLLCALL_')),
      [
        { name: 'ROLLCALL_NAMESPACE', valueFrom: fieldRef('metadata.namespace') },
        { name: 'ROLLCALL_SERVICE', value: 'db' },
        { name: 'ROLLCALL_POD_NAME', valueFrom: fieldRef('metadata.name') },
        { name: 'ROLLCALL_POD_UID', valueFrom: fieldRef('metadata.uid') },
        { name: 'ROLLCALL_NODE_NAME', valueFrom: fieldRef('spec.nodeName') },
        { name: 'ROLLCALL_ZONE', valueFrom: fieldRef("metadata.labels['topology.kubernetes.io/zone']") },
      ],
    );
    assert.deepEqual([image, args], [INSTALL.image, ['sidecar']]);
  });

  const told: [annotations: Record<string, string>, variables: Record<string, string>][] = [
    [{ service: 'cache' }, { ROLLCALL_SERVICE: 'cache' }],
    [{ selector: 'app=db' }, { ROLLCALL_SELECTOR: 'app=db', ROLLCALL_SOURCE: 'pods' }],
    [{ source: 'dns' }, { ROLLCALL_SERVICE: 'db', ROLLCALL_SOURCE: 'dns' }],
    [{ 'wait-timeout': '5m' }, { ROLLCALL_SERVICE: 'db' }],
    [
      { 'wait-for': '3', 'wait-timeout': '5m', 'wait-action': 'fail' },
      {
        ROLLCALL_SERVICE: 'db',
        ROLLCALL_WAIT_FOR: '3',
        ROLLCALL_WAIT_TIMEOUT: '300',
        ROLLCALL_WAIT_ACTION: 'fail',
      },
    ],
    [
      { 'file.b': '{name}', 'file.a': '{uid}' },
      { ROLLCALL_SERVICE: 'db', ROLLCALL_FILE: 'a={uid}\nb={name}' },
    ],
    [
      { notify: 'udp://127.0.0.1:1\nudp://127.0.0.1:2' },
      { ROLLCALL_SERVICE: 'db', ROLLCALL_NOTIFY: 'udp://127.0.0.1:1\nudp://127.0.0.1:2' },
    ],
    [
      { 'on-start': '/scripts/a "$(B)"', 'on-change': 'true' },
      { ROLLCALL_SERVICE: 'db', ROLLCALL_ON_START: '/scripts/a "$(B)"', ROLLCALL_ON_CHANGE: 'true' },
    ],
    [{ 'log-level': 'debug' }, { ROLLCALL_SERVICE: 'db', ROLLCALL_LOG_LEVEL: 'debug' }],
    [{ 'log-level': 'info' }, { ROLLCALL_SERVICE: 'db' }],
    [{ port: '9100' }, { ROLLCALL_SERVICE: 'db', ROLLCALL_PORT: '9100' }],
    [{ port: 'off' }, { ROLLCALL_SERVICE: 'db', ROLLCALL_PORT: 'off' }],
    [{ port: '17655', 'native-sidecar': 'false' }, { ROLLCALL_SERVICE: 'db' }],
  ];
  for (const [annotations, variables] of told) {
    test(`follows from ${Object.keys(annotations).join(', ')}, and is no more than differs`, () => {
      const given = sidecar(prefixed(annotations));
      assert.deepEqual(ours(given), variables);
    });
  }

  test('reaches the command line as it was written', () => {
    const annotations = prefixed({
      'wait-for': '3',
      'file.a': '{name} $(HOME) $$ {{$}}',
      'file.b': '{uid}',
      notify: 'http://127.0.0.1:80/$(HOME)/$$ udp://127.0.0.1:1',
      'on-start': `sh -c 'echo "$HOME" $(pwd) $$'`,
      'on-change': '/scripts/change',
    });
    const environment = { ...ours(sidecar(annotations)), ROLLCALL_NAMESPACE: 'demo' };
    const config = parseConfig(sidecarSettings, [], environment);
    assert.deepEqual(
      config.file.map(({ file }) => file),
      ['a', 'b'],
    );
    assert.deepEqual(config.file[0]!.line.slice(1), [' $(HOME) $$ ', '{', '$', '}']);
    assert.deepEqual(config.notify, ['http://127.0.0.1:80/$(HOME)/$$', 'udp://127.0.0.1:1']);
    assert.deepEqual(config.onStart, ['sh', '-c', 'echo "$HOME" $(pwd) $$']);
    assert.deepEqual([config.onChange, `${config.waitFor}`], [['/scripts/change'], '3']);
  });

  test('has every dollar that was written, whatever Kubernetes makes of dollars', () => {
    const dollars = fc.array(fc.constantFrom('$', '$$', '$(ROLLCALL_SERVICE)', '$(', ')', '(', 'x'), {
      maxLength: 9,
    });
    fc.assert(
      fc.property(dollars, (parts) => {
        const line = `{name}${parts.join('')}`;
        assert.equal(ours(sidecar({ 'rollcall.dev/file.a': line })).ROLLCALL_FILE, `a=${line}`);
      }),
      { numRuns: 300, seed: SEED },
    );
  });

  test('is never more than was meant: a line break ends no value', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '{name}', '\n', '\r', '=', ' ', 'udp://127.0.0.1:1'),
    });
    fc.assert(
      fc.property(text, text, (line, notify) => {
        const given = askingPod(annotate({ 'rollcall.dev/file.a': line, 'rollcall.dev/notify': notify }));
        const { plan, decision } = injected(given, { namespace: readable });
        if (plan === undefined) return assert.equal(decision.kind, 'deny');
        const { ROLLCALL_FILE, ROLLCALL_NOTIFY } = ours(plan.sidecar);
        assert.equal(ROLLCALL_FILE, `a=${line}`);
        assert.ok(!/[\n\r]/.test(line));
        assert.deepEqual(ROLLCALL_NOTIFY!.split('\n'), notify.split(/\s+/).filter(Boolean));
      }),
      { numRuns: 500, seed: SEED },
    );
  });
});

describe('its probes', () => {
  test('are over HTTP, and hold back what comes after until the group is known', () => {
    const { restartPolicy, startupProbe, livenessProbe, readinessProbe, lifecycle } = sidecar();
    assert.equal(restartPolicy, 'Always');
    assert.deepEqual(startupProbe, {
      httpGet: { path: '/startz', port: 17655 },
      // The answer is held back for up to 20 s: each refusal is an Event of the pod.
      timeoutSeconds: 30,
      periodSeconds: 1,
      failureThreshold: 60,
    });
    assert.ok(HOLD_MS < startupProbe.timeoutSeconds * 1000, 'the answer comes before the kubelet gives up');
    assert.deepEqual(livenessProbe.httpGet, { path: '/healthz', port: 17655 });
    assert.equal(readinessProbe, undefined, 'an outage of the API server must not unready the pod');
    assert.equal(lifecycle, undefined);
  });

  const thresholds: [what: string, annotations: Record<string, string>, seconds: number][] = [
    ['nobody to wait for', { 'wait-timeout': '5m' }, 60],
    ['company within the usual time', { 'wait-for': '3' }, 60],
    ['company within less', { 'wait-for': '3', 'wait-timeout': '5s' }, 60],
    ['company for longer', { 'wait-for': '3', 'wait-timeout': '5m' }, 310],
    ['company for a day', { 'wait-for': '1', 'wait-timeout': '24h' }, 86_410],
  ];
  for (const [what, annotations, seconds] of thresholds) {
    test(`give it as long as it says itself: ${what}`, () => {
      assert.equal(sidecar(prefixed(annotations)).startupProbe.failureThreshold, seconds);
      const ordinary = sidecar(prefixed({ ...annotations, 'native-sidecar': 'false' }));
      assert.deepEqual(ordinary.lifecycle.postStart.exec.command.slice(-2), ['--wait', `${seconds}`]);
    });
  }

  test('go to another port where one is given', () => {
    const { startupProbe, livenessProbe } = sidecar(prefixed({ port: '9100' }));
    assert.deepEqual([startupProbe.httpGet.port, livenessProbe.httpGet.port], [9100, 9100]);
  });

  const port = (containerPort: number) => ({ ports: [{ containerPort }] });
  const offs: [what: string, tweak: (pod: Pod) => void][] = [
    ['on the network of the node', spec({ hostNetwork: true })],
    [
      'beside a container that has the port',
      ({ spec: made }) => made.containers.push(container('b', port(17655))),
    ],
    ['beside an init container that has it', spec({ initContainers: [container('b', port(17655))] })],
  ];
  for (const [what, tweak] of offs) {
    test(`are processes ${what}, unless a port is given`, () => {
      const given = sidecar({}, tweak);
      assert.equal(ours(given).ROLLCALL_PORT, 'off');
      const check = (...args: string[]) => ({ command: ['rollcall', 'probe', '--check', ...args] });
      assert.deepEqual(given.startupProbe.exec, check('startz', '--wait', '20', '--tell', 'true'));
      assert.deepEqual(given.livenessProbe.exec, check('healthz'));
      assert.deepEqual([given.startupProbe.httpGet, given.startupProbe.timeoutSeconds], [undefined, 30]);
      assert.deepEqual([given.livenessProbe.httpGet, given.livenessProbe.timeoutSeconds], [undefined, 10]);
      assert.equal(sidecar(prefixed({ port: '9100' }), tweak).livenessProbe.httpGet.port, 9100);
    });
  }

  test('ask the port beside a container that has it for another protocol', () => {
    for (const protocol of ['UDP', 'SCTP']) {
      const ports = [{ containerPort: 17655, protocol }];
      const given = sidecar({}, ({ spec: made }) => made.containers.push(container('b', { ports })));
      assert.equal(given.livenessProbe.httpGet.port, 17655, protocol);
    }
  });

  test('are a process that says what the start was without, where something is waited for', () => {
    const named = { 'group.backends': 'service tcp-servers', 'wait-for.backends': '2' };
    for (const waiting of [{ 'wait-for': '2' }, named] as Record<string, string>[]) {
      const { startupProbe, livenessProbe } = sidecar(prefixed(waiting));
      assert.deepEqual(startupProbe.exec.command.slice(-2), ['--tell', 'true']);
      assert.deepEqual([startupProbe.httpGet, livenessProbe.httpGet.port], [undefined, 17655]);
    }
  });

  test('are over HTTP beside other ports', () => {
    const given = sidecar(
      {},
      spec({ hostNetwork: false, containers: [container('app', port(8080)), { name: 'b' }] }),
    );
    assert.equal(given.livenessProbe.httpGet.port, 17655);
  });
});

describe('an ordinary one', () => {
  const ORDINARY = prefixed({ 'native-sidecar': 'false' });

  test('has started when it says so itself, since it has no startup probe to wait for', () => {
    const { restartPolicy, startupProbe, lifecycle, livenessProbe } = sidecar(ORDINARY);
    assert.deepEqual([restartPolicy, startupProbe], [undefined, undefined]);
    assert.deepEqual(lifecycle.postStart.exec.command, [
      ...['rollcall', 'probe', '--check', 'startz', '--wait', '60'],
    ]);
    assert.ok(livenessProbe);
  });

  test('ends with the others of a Job, and goes on in all other pods', () => {
    const ends = (fields: object, annotations = ORDINARY) =>
      ours(sidecar(annotations, spec(fields))).ROLLCALL_END_WITH_POD;
    assert.deepEqual(
      ['OnFailure', 'Never', 'Always'].map((restartPolicy) => ends({ restartPolicy })),
      ['true', 'true', undefined],
    );
    const unsaid = sidecar(ORDINARY, ({ spec: made }) => delete made.restartPolicy);
    assert.equal(ours(unsaid).ROLLCALL_END_WITH_POD, undefined);
    assert.equal(ends({ restartPolicy: 'Never' }, {}), undefined, 'a native sidecar is ended');
  });
});

describe('its image', () => {
  for (const name of ['on-start', 'on-change', 'scripts']) {
    test(`has a shell with ${name}, where the installation names one`, () => {
      const annotations = prefixed({ [name]: 'run' });
      assert.equal(sidecar(annotations).image, INSTALL.shellImage);
      const { shellImage: _, ...install } = INSTALL;
      const { decision } = injected(askingPod(annotate(annotations)), { install });
      const [kind, code, sentence] = refusal(decision);
      assert.deepEqual([kind, code], ['deny', 'no-shell-image']);
      assert.match(sentence, /the installation names none; give the webhook --shell-image/);
    });
  }
});

test('it mounts the folder, the token where rights are needed, and the scripts', () => {
  const TOKEN = { name: 'rollcall-token', mountPath: TOKEN_PATH, readOnly: true };
  const FOLDER = { name: 'rollcall', mountPath: MOUNT_PATH };
  assert.deepEqual(sidecar().volumeMounts, [FOLDER, TOKEN]);
  assert.deepEqual(sidecar(prefixed({ scripts: 'a' })).volumeMounts, [
    FOLDER,
    TOKEN,
    { name: 'rollcall-scripts', mountPath: '/scripts', readOnly: true },
  ]);
  // The place of the token is taken all the same, so that the ServiceAccount plugin mounts none.
  const inItsPlace = { ...TOKEN, name: 'rollcall' };
  assert.deepEqual(sidecar(prefixed({ source: 'dns' })).volumeMounts, [FOLDER, inItsPlace]);
  assert.deepEqual(mountPaths(sidecar(prefixed({ 'mount-path': '/run/peers' })))![0], MOUNT_PATH);
});

test('it serves its clients for as long as the pod may take to end, less 5 s to say goodbye', () => {
  const grace = (terminationGracePeriodSeconds: number | undefined) =>
    ours(sidecar({}, spec({ terminationGracePeriodSeconds }))).ROLLCALL_GRACE_SECONDS;
  assert.deepEqual([undefined, 30, 31, 60, 5, 4, 0].map(grace), [
    undefined,
    undefined,
    '26',
    '55',
    '0',
    '0',
    '0',
  ]);
  const longest = grace(30 * 86_400)!;
  const environment = { ROLLCALL_NAMESPACE: 'a', ROLLCALL_SERVICE: 'b', ROLLCALL_GRACE_SECONDS: longest };
  assert.equal(parseConfig(sidecarSettings, [], environment).graceSeconds, 86_400);
});

test('it passes PodSecurity restricted whatever the annotations say', () => {
  const more = { scripts: 'a', port: 'off', 'native-sidecar': 'false', 'wait-for': '3' };
  for (const annotations of [{}, prefixed(more), prefixed({ source: 'dns' })]) {
    assert.deepEqual(restrictedViolations(sidecar(annotations)), []);
  }
});

test('every key that it has, an API server would show too: nothing is taken for somebody else’s', () => {
  const given = sidecar({}, spec({ resources: { limits: { cpu: '1', memory: '1Gi' } } }));
  assert.deepEqual(given.resources, {});
  assert.ok(Object.values(sidecar()).every((value) => value !== undefined));
});

function prefixed(annotations: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations).map(([name, text]) => [`rollcall.dev/${name}`, text]),
  );
}

test('runs as a user that no image has by habit, the same in the images and the webhook', async () => {
  const text = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
  const dockerfile = await text('Dockerfile');
  const { securityContext } = sidecar() as Any;
  assert.deepEqual([securityContext.runAsUser, securityContext.runAsGroup], [USER, USER]);
  assert.deepEqual(
    [...dockerfile.matchAll(/^USER (.*)$/gm)].map(([, user]) => user),
    [`${USER}:${USER}`, `${USER}:${USER}`],
  );
  assert.ok(
    dockerfile.includes(`rollcall:x:${USER}:${USER}:`) && dockerfile.includes(`'rollcall:x:${USER}:'`),
  );
  const users = [...(await text('deploy/webhook.yaml')).matchAll(/runAs(?:User|Group): (\d+)/g)];
  assert.deepEqual(
    users.map(([, id]) => Number(id)),
    [USER, USER],
  );
});
