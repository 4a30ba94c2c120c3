/** A patch that does not do what was planned is never sent: what is broken about it here is found. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applied as appliedHere, escaped, type Operation } from '../../src/inject/operations.ts';
import type { Plan } from '../../src/inject/plan.ts';
import type { Container, Pod } from '../../src/inject/pod.ts';
import { uninject } from '../../src/inject/uninject.ts';
import { verify } from '../../src/inject/verify.ts';
import { applied } from './api-server.ts';
import { pods } from './arbitrary-pods.ts';
import { contexts } from './arbitrary-words.ts';
import { askingPod, injected } from './pods.ts';
import { SEED } from './seed.ts';

const RUNS = { numRuns: 1000, seed: SEED };

/** The generated pods that are injected, with their patch. */
function forEveryPatch(check: (pod: Pod, plan: Plan, patch: Operation[]) => void): void {
  fc.assert(
    fc.property(pods, contexts, (pod, context) => {
      const { plan, patch } = injected(pod, context);
      if (plan !== undefined && patch.length > 0) check(pod, plan, patch);
    }),
    RUNS,
  );
}

/** Whether an independent applier gets anywhere, and where to. */
function elsewhere(pod: Pod, patch: Operation[]): Pod | undefined {
  try {
    return applied(pod, patch);
  } catch {
    return undefined;
  }
}

function isFound(pod: Pod, plan: Plan, patch: Operation[]): boolean {
  try {
    verify(pod, plan, patch);
    return false;
  } catch {
    return true;
  }
}

/** The same patch with one operation broken, in every way that a mistake in the code could break it. */
function broken(patch: Operation[]): Operation[][] {
  return patch.flatMap((operation, index) => {
    const { path } = operation;
    const moved = [-1, 1, 7].map((by) =>
      path.replace(/\d+(?=$|\/volumeMounts)/, (at) => `${Number(at) + by}`),
    );
    const paths = [
      ...moved,
      path.replace(/\/(-|\d+)$/, ''),
      path.replace(/^\/spec\//, '/specs/'),
      path.replace('~1', '/'),
      `${path}/0`,
      path.replace(/-$/, '01'),
      path.slice(1),
    ].filter((one) => one !== path);
    return [patch.toSpliced(index, 1), ...paths.map((one) => patch.with(index, { ...operation, path: one }))];
  });
}

test('an operation that is missing, or leads elsewhere, is found, unless the pod comes out as planned', () => {
  let found = 0;
  let same = 0;
  forEveryPatch((pod, plan, patch) => {
    const right = applied(pod, patch);
    for (const wrong of broken(patch)) {
      if (isFound(pod, plan, wrong)) {
        found += 1;
        continue;
      }
      const reached = elsewhere(pod, wrong);
      assert.ok(reached !== undefined, 'what does not apply is found');
      assert.deepEqual(unordered(reached), unordered(right), JSON.stringify(wrong));
      same += 1;
    }
  });
  assert.ok(found > 20_000 && same < found / 10, `${found} found, ${same} as planned all the same`);
});

/** The pod with volumes and mounts in an order of their own, and lists that are empty where there are none. */
function unordered(pod: Pod): Pod {
  const sorted = <T>(all: readonly T[]) =>
    all.map((one) => JSON.stringify(one)).toSorted() as unknown as Container['volumeMounts'];
  const of = (container: Container) => ({
    ...container,
    volumeMounts: sorted(container.volumeMounts ?? []),
  });
  const { spec } = pod;
  return {
    ...pod,
    spec: {
      ...spec,
      volumes: sorted(spec.volumes ?? []),
      containers: spec.containers.map(of),
      initContainers: (spec.initContainers ?? []).map(of),
    },
  } as Pod;
}

test('our own applier comes to what an independent one comes to, for what goes in and what comes out', () => {
  let count = 0;
  forEveryPatch((pod, _plan, patch) => {
    const before = structuredClone(pod);
    const after = appliedHere(pod, patch);
    assert.deepEqual(after, applied(pod, patch));
    const out = uninject(after);
    assert.deepEqual(appliedHere(after, out), applied(after, out));
    assert.deepEqual(pod, before, 'what is given stays as it is');
    count += 1;
  });
  assert.ok(count > RUNS.numRuns / 2);
});

test('what no operation leads through is shared, not copied', () => {
  const given = { a: { deep: [{ x: 1 }] }, list: [{ y: 1 }, { z: 1 }] };
  const after = appliedHere(given, [
    { op: 'add', path: '/list/0/n', value: 2 },
    { op: 'add', path: '/list/0/m', value: 3 },
    { op: 'remove', path: '/list/0/y' },
  ]);
  assert.deepEqual(after, { a: given.a, list: [{ n: 2, m: 3 }, { z: 1 }] });
  assert.equal(after.a, given.a);
  assert.equal(after.list[1], given.list[1]);
  assert.deepEqual(given.list, [{ y: 1 }, { z: 1 }]);
});

const nowhere: Operation[] = [
  { op: 'add', path: '/missing/x', value: 1 },
  { op: 'add', path: '/list/3', value: 1 },
  { op: 'add', path: '/list/01', value: 1 },
  { op: 'add', path: '/list/x', value: 1 },
  { op: 'add', path: '/list/-1', value: 1 },
  { op: 'add', path: '/list/', value: 1 },
  { op: 'add', path: '/list/-/x', value: 1 },
  { op: 'add', path: '/text/x', value: 1 },
  { op: 'add', path: '/text/0', value: 1 },
  { op: 'add', path: '/nothing/x', value: 1 },
  { op: 'add', path: 'list/0', value: 1 },
  { op: 'add', path: '/toString/x', value: 1 },
  { op: 'replace', path: '/list/2', value: 1 },
  { op: 'replace', path: '/list/-', value: 1 },
  { op: 'replace', path: '/missing', value: 1 },
  { op: 'replace', path: '/toString', value: 1 },
  { op: 'remove', path: '/list/2' },
  { op: 'remove', path: '/list/-' },
  { op: 'remove', path: '/missing' },
  { op: 'remove', path: '/__proto__' },
];
for (const operation of nowhere) {
  test(`${operation.op} ${operation.path} leads to no place`, () => {
    const given = { list: [1, 2], text: 'abc', nothing: null };
    assert.throws(() => appliedHere(given, [operation]), /leads to no place/);
  });
}

test('keys that mean something to JavaScript or to pointers are keys', () => {
  const given = JSON.parse('{"__proto__": {"a": 1}, "a/b~c": {"x": 1}}');
  const after = appliedHere(given, [
    { op: 'add', path: '/__proto__/b', value: 2 },
    { op: 'add', path: `/${escaped('a/b~c')}/y`, value: 2 },
    { op: 'add', path: '/constructor', value: 3 },
  ]);
  assert.equal(JSON.stringify(after), '{"__proto__":{"a":1,"b":2},"a/b~c":{"x":1,"y":2},"constructor":3}');
  assert.equal(({} as Record<string, unknown>).b, undefined);
});

test('one thing more, and one thing less, is found wherever it is', () => {
  const given = askingPod((made) => {
    made.metadata!.labels = { app: 'db' };
    made.metadata!.annotations = { ...made.metadata!.annotations, other: 'x' };
    made.spec.hostNetwork = false;
  });
  const { plan, patch } = injected(given);
  assert.equal(isFound(given, plan!, patch), false);
  const more = [
    '/other',
    '/metadata/other',
    '/metadata/annotations/more',
    '/spec/other',
    '/spec/containers/0/tty',
  ];
  for (const path of more)
    assert.ok(isFound(given, plan!, [...patch, { op: 'add', path, value: true }]), `add ${path}`);
  for (const path of ['/metadata/labels', '/metadata/annotations/other', '/spec/hostNetwork'])
    assert.ok(isFound(given, plan!, [...patch, { op: 'remove', path }]), `remove ${path}`);
});
