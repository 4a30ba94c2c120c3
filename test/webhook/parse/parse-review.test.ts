import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../../src/inject/annotations.ts';
import type { Pod } from '../../../src/inject/pod.ts';
import { BadReview, parseReview } from '../../../src/webhook/parse/parse-review.ts';
import { review } from '../../../src/webhook/review.ts';
import { applied } from '../../inject/api-server.ts';
import { cases } from '../../inject/golden-cases.ts';
import { askingPod, container } from '../../inject/pods.ts';
import { cluster, operationsOf, request, reviewOf } from '../reviews.ts';

// biome-ignore lint/suspicious/noExplicitAny: places of all depths are written to
type Any = any;
type Path = readonly (string | number)[];

const BOTH = { requests: { cpu: '1' }, limits: { memory: '1Gi' } };

/** Something in every place that is read. */
const full: Pod = askingPod((pod) => {
  Object.assign(pod.metadata!, {
    generateName: 'db-',
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'a', uid: 'b', controller: true }],
  });
  const mount = { name: 'data', mountPath: '/data', readOnly: true, subPath: 'a', subPathExpr: '$(A)' };
  const one = container('app', {
    args: ['a'],
    restartPolicy: 'Always',
    ports: [{ containerPort: 80, protocol: 'TCP' }],
    resources: BOTH,
    volumeMounts: [mount],
    volumeDevices: [{ name: 'disk' }],
  });
  Object.assign(pod.spec, {
    containers: [one],
    initContainers: [{ ...structuredClone(one), name: 'init' }],
    volumes: [{ name: 'data', emptyDir: {} }],
    automountServiceAccountToken: true,
    nodeSelector: { disk: 'ssd' },
    os: { name: 'linux' },
    hostNetwork: false,
    resources: BOTH,
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }],
        },
      },
    },
  });
});

const deep = JSON.parse('['.repeat(2000) + ']'.repeat(2000));
const wrong: unknown[] = [
  ...[null, true, 0, -1, 1.5, 1e308, '', 'text', '\ud800', '\u0000\n', 'x'.repeat(5000)],
  ...[[], [null], [[]], [{}], ['a'], {}, { a: null }, { a: {} }, deep],
  // As parsed: keys that mean something to JavaScript, and a number that no double holds.
  JSON.parse('{"__proto__": {"name": "x"}, "constructor": null, "toString": 1, "length": -1}'),
  JSON.parse('1e309'),
];

/** Every place in the value, the value itself first. */
function placesOf(value: unknown, path: Path = []): Path[] {
  const below = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [
    path,
    ...below.flatMap(([key, one]) => placesOf(one, [...path, Array.isArray(value) ? +key : key])),
  ];
}

function replaced(value: Any, path: Path, by: unknown): Any {
  if (path.length === 0) return by;
  const [step, ...rest] = path as [string | number, ...Path];
  const copy = Array.isArray(value) ? [...value] : { ...value };
  copy[step] = replaced(value[step], rest, by);
  return copy;
}

function removed(value: Any, path: Path): Any {
  const parent = path.slice(0, -1);
  const { [path.at(-1)!]: _, ...rest } = parent.reduce((here: Any, step) => here[step], value);
  return replaced(value, parent, rest);
}

/** An answer, or the sentence of a `BadReview`; anything else that is thrown is a fault. */
async function answer(body: unknown) {
  try {
    return await review(parseReview(body), cluster().context);
  } catch (error) {
    assert.ok(error instanceof BadReview, `${error instanceof Error ? error.stack : error}`);
    return error.message;
  }
}

describe('every place with every wrong type', () => {
  const asking = reviewOf({ object: full, dryRun: false, subResource: '' }) as Any;
  const silent = replaced(asking, ['request', 'object', 'metadata', 'annotations'], { other: 'x' });
  const labelled = replaced(silent, ['request', 'namespace'], 'labelled');

  for (const [what, body] of Object.entries({ asking, silent, labelled })) {
    test(`of a pod that is ${what} is an answer or a sentence that names the place`, async () => {
      const places = placesOf(body).filter((path) => path.length > 1);
      let refused = 0;
      for (const path of places) {
        for (const value of wrong) {
          const said = await answer(replaced(body, path, value));
          if (typeof said !== 'string') continue;
          refused += 1;
          assert.match(said, /^request[.[\] ]/);
          assert.ok(said.length < 400 && !/\p{Cc}/u.test(said), said);
        }
        if (typeof path.at(-1) === 'string') await answer(removed(body, path));
      }
      assert.ok(places.length > 70 && refused > places.length * 5, `${refused} of ${places.length} places`);
    });
  }

  test('is refused wherever a type declares another', async () => {
    const pod: Path = ['request', 'object'];
    const unread = [
      ['spec', 'volumes', 0, 'emptyDir'],
      ['spec', 'containers', 0, 'imagePullPolicy'],
      ['spec', 'tolerations'],
      ['spec', 'priority'],
    ];
    const read = placesOf(full).filter((path) => ofType(full, path) !== undefined);
    const accepted = read.filter((path) => {
      const other = typeof ofType(full, path) === 'number' ? 'text' : 7;
      return !throws(replaced(asking, [...pod, ...path], other));
    });
    // What is only passed through may be anything, with all below it.
    const names = new Set(accepted.map((path) => path.filter((step) => typeof step === 'string').join('.')));
    const passed =
      /^spec\.((init)?[cC]ontainers\.(terminationMessage|imagePull)|volumes\.emptyDir|tolerations)/;
    const others = ['spec.dnsPolicy', 'spec.securityContext', 'spec.schedulerName', 'spec.priority'];
    others.push('spec.enableServiceLinks', 'spec.preemptionPolicy');
    assert.deepEqual(
      [...names].filter((name) => !passed.test(name) && !others.includes(name)),
      [],
    );
    for (const path of unread) assert.ok(!throws(replaced(asking, [...pod, ...path], 7)), path.join('.'));
  });
});

function ofType(value: Any, path: Path): unknown {
  return path.reduce((here, step) => here[step], value);
}

function throws(body: unknown): boolean {
  try {
    parseReview(body);
    return false;
  } catch {
    return true;
  }
}

describe('what comes out', () => {
  test('is the pod that came in, the same object, with all that is not read', () => {
    const body = reviewOf({ object: full }) as Any;
    assert.equal(parseReview(body).object, full);
  });

  const everything = ['metadata', 'annotations', 'labels', 'ownerReferences', 'volumes', 'initContainers'];
  test('takes null for what is not there, as Go does, and the patch fits what was there', async () => {
    for (const name of [...everything, 'affinity', 'os', 'hostNetwork', 'resources', 'serviceAccount']) {
      const path = name in full ? [name] : name in full.metadata! ? ['metadata', name] : ['spec', name];
      const object = replaced(full, path, null);
      const { response } = await review(
        parseReview(reviewOf({ object, namespace: 'labelled' })),
        cluster().context,
      );
      assert.equal(response.allowed, true);
      // The applier stands for an API server that would keep the null: whole values take its place.
      const after = applied(object, operationsOf(response));
      assert.equal(after.spec.initContainers?.[0]?.name, 'rollcall', name);
      assert.ok(after.metadata?.annotations?.[keys.status.key], name);
    }
  });

  test('has a list without items where Go writes null for it', () => {
    const object = { spec: { containers: null } } as never;
    assert.deepEqual(parseReview(reviewOf({ object })).object.spec.containers, []);
  });

  test('is a number that JavaScript can not tell from its neighbours, too', () => {
    const object = replaced(full, ['spec', 'terminationGracePeriodSeconds'], 2 ** 63);
    assert.equal(parseReview(reviewOf({ object })).object, object);
  });

  test('of a request that makes no pod has no pod, whatever its object is', () => {
    for (const object of [null, 5, { metadata: 'x' }, full]) {
      const { object: read } = parseReview(reviewOf({ operation: 'UPDATE', object } as never));
      assert.deepEqual(read, { spec: { containers: [] } });
    }
  });

  test('is each pod of the golden cases, as API servers send them', () => {
    for (const { name, input } of cases) {
      const { pod } = input;
      assert.equal(parseReview(reviewOf({ object: pod })).object, pod, name);
    }
    assert.ok(cases.length > 90);
  });
});

describe('names that go into URLs', () => {
  const label = 'a'.repeat(63);
  const account = (name: string) =>
    reviewOf({ object: replaced(full, ['spec', 'serviceAccountName'], name) });
  const cases: [what: string, body: (text: string) => unknown, good: string[], bad: string[]][] = [
    [
      'the namespace is a label of the DNS',
      (namespace) => reviewOf({ namespace }),
      ['a', '0-a', label],
      ['', 'A', 'a/b', '..', 'a.b', '-a', 'a-', `${label}a`, 'a\n', 'ä', '%2e', 'a?b', 'a#b'],
    ],
    [
      'an account is a subdomain of the DNS, or none',
      account,
      ['', 'default', 'a.b', [label, label, label, 'a'.repeat(61)].join('.')],
      ['A', '../secrets', 'a/b', 'a..b', '.a', 'a.', `${label}a`, 'a\n', Array(128).fill('a').join('.')],
    ],
    [
      'the uid is short and printable',
      (uid) => reviewOf({ uid }),
      ['705ab4f5-6393-11e8-b7cc-42010a800002', 'x', 'x'.repeat(72)],
      ['', 'a b', 'a\n', 'ä', 'x'.repeat(73)],
    ],
  ];
  for (const [what, body, good, bad] of cases) {
    test(what, () => {
      for (const text of good) parseReview(body(text));
      for (const text of bad) assert.throws(() => parseReview(body(text)), BadReview, text);
    });
  }

  test('are not asked of a request that makes no pod, and has no namespace', () => {
    const node = { kind: { group: '', kind: 'Node' }, namespace: undefined, object: null };
    assert.equal(parseReview(reviewOf(node as never)).kind.kind, 'Node');
    assert.deepEqual(parseReview(reviewOf({ kind: { kind: 'Pod' } } as never)).kind, request().kind);
  });
});

test('what an Event says of an owner has at most 320 characters each', () => {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u', controller: true };
  for (const field of ['apiVersion', 'kind', 'name', 'uid']) {
    const of = (text: string) =>
      reviewOf({ object: replaced(full, ['metadata', 'ownerReferences'], [{ ...owner, [field]: text }]) });
    parseReview(of('x'.repeat(320)));
    assert.throws(() => parseReview(of('x'.repeat(321))), {
      message: `request.object.metadata.ownerReferences[0].${field} is longer than 320 characters`,
    });
  }
});

test('a place is named so that nobody can hide in it', () => {
  const told = (name: string) => {
    const object = replaced(full, ['metadata', 'labels'], { [name]: 5 });
    try {
      parseReview(reviewOf({ object }));
      return 'nothing';
    } catch (error) {
      return (error as Error).message.replace(/^request.object.metadata.labels/, '').replace(/ is .*/s, '');
    }
  };
  assert.equal(told('a'), '.a');
  assert.equal(told('a b'), '["a b"]');
  assert.equal(told('x'.repeat(60)), `.${'x'.repeat(60)}`);
  assert.equal(told('x'.repeat(61)), `["${'x'.repeat(60)}..."]`);
  assert.equal(told('a/'.repeat(30)), `["${'a/'.repeat(30)}"]`);
});
