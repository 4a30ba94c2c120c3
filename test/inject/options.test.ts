import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Key, keys } from '../../src/inject/annotations.ts';
import type { Options, Passed } from '../../src/inject/options.ts';
import { sidecarSettings } from '../../src/sidecar-settings.ts';
import { parseWaitCondition } from '../../src/watcher/texts/wait-condition.ts';
import { sampled, samples } from './key-samples.ts';
import { askingPod, decided, INSTALL, optionsWith, plain, readable } from './pods.ts';

/** The settings of the sidecar whose values are written out below. */
const SPECIAL: ReadonlySet<string> = new Set([
  'service',
  'selector',
  'source',
  'expected',
  'memberLabels',
  'waitFor',
  'waitTimeout',
  'waitAction',
  'file',
  'notify',
  'onStart',
  'onChange',
  'port',
  'group',
  'waitForGroup',
  'expectedOfGroup',
  'memberLabelsOfGroup',
  'groupFile',
]);

/** The settings of the sidecar that nothing here is special about: each is passed on as it is. */
const plainNames = Object.keys(sidecarSettings).filter(
  (name): name is keyof Passed & keyof typeof samples => Object.hasOwn(keys, name) && !SPECIAL.has(name),
);
const plainDefaults = Object.fromEntries(
  plainNames.map((name) => {
    const { default: given, parse }: Key<unknown> = keys[name];
    return [name, given === undefined ? undefined : parse(given)];
  }),
) as Passed;

const DEFAULTS: Options = {
  ...plainDefaults,
  group: { source: 'endpointslices', service: 'db' },
  groups: [],
  waitForGroup: [],
  expectedOfGroup: [],
  memberLabelsOfGroup: [],
  groupFile: [],
  waitFor: parseWaitCondition('0'),
  expected: undefined,
  memberLabels: undefined,
  waitTimeout: 50,
  waitAction: 'continue',
  mountPath: '/run/rollcall',
  containers: undefined,
  file: [],
  notify: [],
  onStart: undefined,
  onChange: undefined,
  scripts: undefined,
  amounts: {
    cpuRequest: '10m',
    cpuLimit: '500m',
    memoryRequest: '48Mi',
    memoryLimit: '128Mi',
    cpuLimitIsDefault: true,
    guaranteed: 'auto',
  },
  port: undefined,
  nativeSidecar: 'auto',
  serviceAccount: 'auto',
  podAccess: false,
};

/** The changes that one further annotation makes to the defaults. */
const changes: Record<string, [text: string, changed: Partial<Options>]> = {
  service: ['cache', { group: { source: 'endpointslices', service: 'cache' } }],
  selector: ['app=db', { group: { source: 'pods', selector: 'app=db' } }],
  source: ['dns', { group: { source: 'dns', service: 'db' } }],
  waitFor: ['3 ready', { waitFor: parseWaitCondition('3 ready') }],
  memberLabels: ['role', { memberLabels: 'role' }],
  expected: ['statefulset db', { expected: 'statefulset db' }],
  waitTimeout: ['5m', { waitTimeout: 300 }],
  waitAction: ['fail', { waitAction: 'fail' }],
  mountPath: ['/var/run/peers', { mountPath: '/var/run/peers' }],
  containers: ['app', { containers: ['app'] }],
  notify: ['udp://127.0.0.1:1 udp://[::1]:2', { notify: ['udp://127.0.0.1:1', 'udp://[::1]:2'] }],
  onStart: ["sh -c 'cat'", { onStart: "sh -c 'cat'" }],
  onChange: ['/scripts/a', { onChange: '/scripts/a' }],
  scripts: ['db-scripts', { scripts: 'db-scripts' }],
  cpuRequest: ['20m', { amounts: { ...DEFAULTS.amounts, cpuRequest: '20m' } }],
  cpuLimit: ['1', { amounts: { ...DEFAULTS.amounts, cpuLimit: '1', cpuLimitIsDefault: false } }],
  memoryRequest: ['64Mi', { amounts: { ...DEFAULTS.amounts, memoryRequest: '64Mi' } }],
  memoryLimit: ['256Mi', { amounts: { ...DEFAULTS.amounts, memoryLimit: '256Mi' } }],
  guaranteed: ['true', { amounts: { ...DEFAULTS.amounts, guaranteed: 'true' } }],
  port: ['off', { port: 'off' }],
  nativeSidecar: ['false', { nativeSidecar: 'false' }],
  serviceAccount: ['keep', { serviceAccount: 'keep' }],
};

const FAMILIES = ['file', 'group', 'waitForGroup', 'expectedOfGroup', 'memberLabelsOfGroup', 'groupFile'];

describe('the options', () => {
  test('of a pod that says no more than that it wants the sidecar are the defaults', () => {
    assert.deepEqual(optionsWith(), DEFAULTS);
  });

  for (const [name, [text, changed]] of Object.entries(changes)) {
    const { key } = keys[name as keyof typeof keys];
    test(`${key} is one thing, and changes no other`, () => {
      assert.deepEqual(optionsWith({ [key]: text }, readable), { ...DEFAULTS, podAccess: true, ...changed });
    });
  }

  for (const name of plainNames) {
    const text = samples[name].good.find((one) => one !== (keys[name] as Key<unknown>).default)!;
    test(`${keys[name].key} is passed on, and changes no other`, () => {
      const changed = { [name]: keys[name].parse(text) };
      assert.notDeepEqual(changed[name], DEFAULTS[name]);
      assert.deepEqual(optionsWith({ [keys[name].key]: text }, readable), {
        ...DEFAULTS,
        podAccess: true,
        ...changed,
      });
    });
  }

  test('whether pods may be read is for the namespace and the installation to say', () => {
    const { key } = keys.podAccess;
    assert.equal(optionsWith({ [key]: 'true' }).podAccess, false);
    assert.equal(optionsWith({}, readable).podAccess, true);
    const decision = decided(askingPod(), plain, { install: { ...INSTALL, defaults: { [key]: 'true' } } });
    assert.ok(decision.kind === 'inject' && decision.options.podAccess);
  });

  test('groups under a name have families of their own, each checked against the others', () => {
    const { group, groups, waitForGroup, groupFile, expectedOfGroup, memberLabelsOfGroup } = optionsWith(
      {
        'rollcall.dev/group.b': 'service tcp-servers',
        'rollcall.dev/group.a': 'dns cache',
        'rollcall.dev/wait-for.b': 'all ready',
        'rollcall.dev/expected.b': 'deployment tcp-servers',
        'rollcall.dev/member-labels.b': 'role',
        'rollcall.dev/group-file.b.upstream.conf': '{ipv4} {label:role}',
      },
      readable,
    );
    assert.deepEqual(group, DEFAULTS.group);
    assert.deepEqual(groups.map(String), ['a=dns cache', 'b=service tcp-servers']);
    assert.deepEqual([waitForGroup, groupFile], [['b=all ready'], ['b.upstream.conf={ipv4} {label:role}']]);
    assert.deepEqual([expectedOfGroup, memberLabelsOfGroup], [['b=deployment tcp-servers'], ['b=role']]);
  });

  test('a file is one of a family', () => {
    const files = optionsWith({ 'rollcall.dev/file.b': '{name}', 'rollcall.dev/file.a': '{uid}' }).file;
    assert.deepEqual(files, ['a={uid}', 'b={name}']);
  });

  test('every key that is an option is tried here', () => {
    const tried = [...Object.keys(changes), ...plainNames, 'inject', 'podAccess', 'grant', ...FAMILIES];
    assert.deepEqual(sampled.map(([name]) => name).toSorted(), tried.toSorted());
  });

  test('the limit of the CPU counts as set on every level', () => {
    const limit = { [keys.cpuLimit.key]: '500m' };
    for (const context of [
      { namespace: { ...plain, annotations: limit } },
      { install: { ...INSTALL, defaults: limit } },
    ]) {
      const decision = decided(askingPod(), plain, context);
      assert.ok(decision.kind === 'inject' && !decision.options.amounts.cpuLimitIsDefault);
    }
  });
});

test('where each of them comes from is told, in full', () => {
  const decision = decided(askingPod(), plain, {
    namespace: { ...plain, annotations: { [keys.waitFor.key]: '2', 'rollcall.dev/file.a': '{uid}' } },
    install: { ...INSTALL, defaults: { [keys.port.key]: 'off', [keys.waitFor.key]: '9' } },
  });
  assert.ok(decision.kind === 'inject');
  const origins = Object.fromEntries(
    decision.origins.map(({ key, value, from }) => [key, `${value} ${from}`]),
  );
  assert.deepEqual(origins, {
    'rollcall.dev/inject': 'true pod',
    'rollcall.dev/wait-for': '2 namespace',
    'rollcall.dev/wait-timeout': '50s default',
    'rollcall.dev/wait-action': 'continue default',
    'rollcall.dev/mount-path': '/run/rollcall default',
    'rollcall.dev/file.a': '{uid} namespace',
    'rollcall.dev/cpu-request': '10m default',
    'rollcall.dev/cpu-limit': '500m default',
    'rollcall.dev/memory-request': '48Mi default',
    'rollcall.dev/memory-limit': '128Mi default',
    'rollcall.dev/guaranteed': 'auto default',
    'rollcall.dev/port': 'off installation',
    'rollcall.dev/native-sidecar': 'auto default',
    'rollcall.dev/service-account': 'auto default',
    'rollcall.dev/pod-access': 'false default',
    ...Object.fromEntries(
      plainNames.flatMap((name) => {
        const { key, default: given }: Key<unknown> = keys[name];
        return given === undefined ? [] : [[key, `${given} default`]];
      }),
    ),
  });
});
