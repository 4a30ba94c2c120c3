/** Cases at the edge of a rule. Each is told by what comes out of `inject`, however the rule is written. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { placeOf } from '../../src/inject/mount-path.ts';
import { applied as afterOperations } from '../../src/inject/operations.ts';
import type { Pod } from '../../src/inject/pod.ts';
import { applied, secondPass } from './api-server.ts';
import { annotate, askingPod, container, INSTALL, injected } from './pods.ts';

const KEY = 'rollcall.dev/';

/** Returns what a pod that asks is told, with these annotations. */
function told(annotations: Record<string, string>, tweak: (pod: Pod) => void = () => {}): string {
  const given = askingPod((pod) => {
    annotate(annotations)(pod);
    tweak(pod);
  });
  const { decision, warnings } = injected(given);
  return JSON.stringify([decision.kind, decision, warnings]);
}

describe('the limits of values', () => {
  test('a value of 60,000 characters is read, a longer one is refused', () => {
    const command = (characters: number) => `/run ${'x'.repeat(characters - 5)}`;
    assert.match(told({ [`${KEY}on-change`]: command(60_000) }), /^\["inject"/);
    assert.match(told({ [`${KEY}on-change`]: command(60_001) }), /^\["deny".*give at most 60000 characters/);
  });

  test('16 targets are notified, 17 are refused', () => {
    const targets = (count: number) =>
      Array.from({ length: count }, (_, index) => `udp://127.0.0.1:${9000 + index}`).join(' ');
    assert.match(told({ [`${KEY}notify`]: targets(16) }), /^\["inject"/);
    assert.match(told({ [`${KEY}notify`]: targets(17) }), /^\["deny".*at most 16/);
  });

  test('ten unknown annotations are named, and of eleven the last is counted', () => {
    const unknown = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`${KEY}zz${index}`, 'x']));
    assert.doesNotMatch(told(unknown(10)), /more annotations/);
    assert.match(told(unknown(11)), /1 more annotations of rollcall\.dev\/ are not known/);
  });
});

describe('windows is required', () => {
  const required = (values: string[] | undefined, operator = 'In') =>
    told({}, ({ spec }) => {
      const matchExpressions = [{ key: 'kubernetes.io/os', operator, ...(values && { values }) }];
      spec.affinity = {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] },
        },
      };
    });
  test('by a term that allows nothing else', () => {
    assert.match(required(['windows']), /^\["deny".*windows/);
    assert.match(required(['linux'], 'NotIn'), /^\["deny".*windows/);
  });
  test('and not by one that allows Linux, or nothing at all', () => {
    for (const values of [['windows', 'linux'], ['linux'], [], undefined]) {
      assert.match(required(values), /^\["inject"/, String(values));
    }
  });
});

describe('a volume that shows the account to others', () => {
  const shown = (volume: object, annotations = {}) =>
    told(annotations, ({ spec }) => {
      spec.volumes!.push({ name: 'mine', ...volume });
    });
  test('is one of a CSI driver, or one that projects a token', () => {
    const sentence = /volume \\"mine\\" shows the account/;
    assert.match(shown({ csi: { driver: 'secrets-store.csi.k8s.io' } }), sentence);
    assert.match(shown({ projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }), sentence);
    assert.doesNotMatch(shown({ projected: { sources: [{ configMap: { name: 'x' } }] } }), sentence);
    assert.doesNotMatch(shown({ emptyDir: {} }), sentence);
  });
  test('is no news for a pod that says what is to become of its account', () => {
    const csi = { csi: { driver: 'secrets-store.csi.k8s.io' } };
    for (const value of ['keep', 'scoped']) {
      assert.doesNotMatch(shown(csi, { [`${KEY}service-account`]: value }), /shows the account/, value);
    }
  });
});

test('a sidecar that is native stays so beside other init containers, whatever the cluster says', () => {
  const given = askingPod(({ spec }) => {
    spec.initContainers = [container('migrate')];
  });
  const again = secondPass(applied(given, injected(given).patch));
  assert.equal(again.spec.initContainers?.length, 2);
  const install = { ...INSTALL, nativeSidecars: false };
  assert.deepEqual(injected(again, { install }).patch, []);
  const ordinary = injected(given, { install }).patch;
  assert.ok(applied(given, ordinary).spec.containers.length === 2, 'a new one is ordinary there');
});

describe('operations', () => {
  test('may name a member that JavaScript has a meaning for', () => {
    const document = JSON.parse('{"a": {"x": 1}}');
    const after = afterOperations(document, [
      { op: 'add', path: '/a/__proto__', value: { polluted: true } },
      { op: 'add', path: '/b', value: 2 },
    ]);
    assert.equal(JSON.stringify(after), '{"a":{"x":1,"__proto__":{"polluted":true}},"b":2}');
    assert.equal(({} as { polluted?: boolean }).polluted, undefined);
    assert.equal((after as { a: { polluted?: boolean } }).a.polluted, undefined);
    const inside = afterOperations(after, [{ op: 'replace', path: '/a/__proto__/polluted', value: false }]);
    assert.equal(JSON.stringify(inside), '{"a":{"x":1,"__proto__":{"polluted":false}},"b":2}');
  });

  test('may put another document in the place of the whole one', () => {
    const operations = [
      { op: 'add', path: '/a', value: 1 },
      { op: 'replace', path: '', value: { b: [] } },
      { op: 'add', path: '/b/-', value: 2 },
    ] as const;
    const document = {};
    assert.deepEqual(afterOperations<object>(document, operations), { b: [2] });
    assert.deepEqual(document, {});
  });

  test('leave what is given as it is, though several lead through one place', () => {
    const document = { list: [1, 2], other: { x: 1 } };
    const text = JSON.stringify(document);
    const after = afterOperations(document, [
      { op: 'add', path: '/list/0', value: 0 },
      { op: 'remove', path: '/list/2' },
      { op: 'replace', path: '/list/1', value: 9 },
    ]);
    assert.deepEqual(after.list, [0, 9]);
    assert.equal(JSON.stringify(document), text);
    assert.equal(after.other, document.other);
  });
});

test('a path is where it leads: /var/run is /run, and no other folder of /var or of that name', () => {
  const places = ['/var/run/x', '/var//run/', '/var/lib/x', '/srv/run/x', '/run/x/../y', '/..', '/var/./run'];
  assert.deepEqual(places.map(placeOf), [
    '/run/x',
    '/run',
    '/var/lib/x',
    '/srv/run/x',
    '/run/y',
    '/',
    '/run',
  ]);
});
