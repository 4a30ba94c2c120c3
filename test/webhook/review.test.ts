import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import { BadReview, parseReview } from '../../src/webhook/parse/parse-review.ts';
import { review } from '../../src/webhook/review.ts';
import { applied, secondPass } from '../inject/api-server.ts';
import { annotate, askingPod, pod } from '../inject/pods.ts';
import { cluster, operationsOf, podOf, request, reviewOf } from './reviews.ts';

const { uid } = request();

describe('an answer', () => {
  test('to a pod that asks allows it with a patch, once access is there', async () => {
    const { context, ensured } = cluster();
    const { result, code, response } = await review(request(), context);
    assert.deepEqual([result, code], ['injected', '']);
    assert.deepEqual([response.uid, response.allowed, response.patchType], [uid, true, 'JSONPatch']);
    assert.equal(response.warnings, undefined);
    const patched = applied(askingPod(), operationsOf(response));
    assert.equal(patched.spec.initContainers?.[0]?.name, 'rollcall');
    assert.deepEqual(ensured, ['demo/rollcall-watcher']);
  });

  test('to the same pod again has no patch at all, and checks access again', async () => {
    const { context, ensured } = cluster();
    const first = await review(request(), context);
    const object = secondPass(applied(askingPod(), operationsOf(first.response)));
    const { result, response } = await review(request({ object }), context);
    assert.equal(result, 'unchanged');
    assert.deepEqual(response, { uid, allowed: true });
    assert.equal(ensured.length, 2, 'somebody may have taken the binding away in between');
  });

  test('to a pod with an account of its own has that account bound', async () => {
    const { context, ensured } = cluster();
    await review(request({ object: podOf('app') }), context);
    assert.deepEqual(ensured, ['demo/app']);
  });

  test('to a dry run changes nothing in the cluster and says so', async () => {
    const { context, ensured } = cluster();
    const { result, response } = await review(request({ dryRun: true }), context);
    assert.equal(result, 'injected');
    assert.deepEqual(ensured, []);
    assert.match(response.warnings!.join(), /^rollcall: on a dry run/);
  });

  test('to a pod that asks in vain refuses it with the reason and the remedy', async () => {
    const { context, ensured } = cluster();
    const object = askingPod(({ spec }) => {
      delete spec.subdomain;
    });
    const { result, code, response } = await review(request({ object }), context);
    assert.deepEqual([result, code, response.allowed], ['denied', 'no-service', false]);
    assert.deepEqual([response.status?.code, response.status?.reason], [422, 'Invalid']);
    assert.match(response.status!.message, /^rollcall \(no-service\): .*rollcall\.dev\/service/);
    assert.deepEqual([response.patch, response.patchType, ensured], [undefined, undefined, []]);
  });

  test('to a pod that only its namespace asks for never refuses it: it warns', async () => {
    const { context } = cluster();
    const { result, code, response } = await review(
      request({ namespace: 'labelled', object: pod() }),
      context,
    );
    assert.deepEqual([result, code, response.allowed], ['skipped', 'no-service', true]);
    assert.match(response.warnings!.join(), /^rollcall: not injected \(no-service\): /);
    assert.equal(response.patch, undefined);
  });

  test('to a skipped pod is told to its owner, but not of a dry run, nor when nobody asked', async () => {
    const { context, told } = cluster();
    const object = pod(({ spec }) => {
      spec.os = { name: 'windows' };
    });
    await review(request({ object, namespace: 'labelled' }), context);
    assert.deepEqual(told, ['labelled windows']);
    await review(request({ object: askingPod(), namespace: 'kube-system' }), context);
    await review(request({ object, namespace: 'labelled', dryRun: true }), context);
    await review(request({ object }), context);
    assert.deepEqual(told, ['labelled windows']);
  });

  test('to a pod that nobody meant is silent', async () => {
    const declining = askingPod(({ metadata }) => {
      metadata!.annotations![keys.inject.key] = 'false';
    });
    for (const [object, expected] of [
      [pod(), 'not-opted-in'],
      [declining, 'opted-out'],
    ] as const) {
      const { result, code, response } = await review(request({ object }), cluster().context);
      assert.deepEqual([result, code], ['skipped', expected]);
      assert.deepEqual(response, { uid, allowed: true });
    }
  });

  test('to anything but a pod that is created is yes, and nothing is looked up', async () => {
    const unreachable = cluster({ readNamespace: async () => assert.fail('looked up') });
    for (const fields of [
      { operation: 'UPDATE' },
      { operation: 'DELETE' },
      { subResource: 'status' },
      { kind: { group: 'apps', kind: 'Deployment' } },
      { kind: { group: 'apps', kind: 'Pod' } },
    ]) {
      const { code, response } = await review(request(fields), unreachable.context);
      assert.deepEqual([code, response], ['not-a-pod-creation', { uid, allowed: true }]);
    }
  });
});

describe('what is believed', () => {
  test('the namespace is that of the request, looked up, not what the pod says of itself', async () => {
    const { context, ensured } = cluster();
    const object = askingPod(({ metadata }) => {
      metadata!.namespace = 'kube-system';
    });
    await review(request({ namespace: 'labelled', object }), context);
    assert.deepEqual(ensured, ['labelled/rollcall-watcher']);
    const silent = pod(({ metadata, spec }) => {
      metadata!.namespace = 'labelled';
      spec.subdomain = 'db';
    });
    const { code } = await review(request({ object: silent }), context);
    assert.equal(code, 'not-opted-in');
  });
});

describe('a group of another namespace', () => {
  const foreign = askingPod(annotate({ 'rollcall.dev/group.backends': 'service tcp-servers in team-b' }));

  test('is asked about once, and only for a pod that has one', async () => {
    const asked: string[] = [];
    const grantsTo = async (home: string, names: readonly string[]) => {
      asked.push(`${home}: ${names}`);
      return names;
    };
    const { context } = cluster({ grantsTo });
    assert.equal((await review(request(), context)).result, 'injected');
    assert.deepEqual(asked, []);
    assert.equal((await review(request({ object: foreign }), context)).result, 'injected');
    assert.deepEqual(asked, ['demo: team-b']);
  });

  test('that grants nothing is refused, and nothing is made', async () => {
    const { context, ensured } = cluster();
    const { result, code, response } = await review(request({ object: foreign }), context);
    assert.deepEqual([result, code], ['denied', 'grant']);
    assert.match(response.status!.message, /rollcall\.dev\/grant: "demo"/);
    assert.deepEqual(ensured, []);
  });
});

describe('a fault', () => {
  const fault = new Error('the API server is away');

  test('is thrown, not answered, so that the failurePolicy decides', async () => {
    const fail = async () => {
      throw fault;
    };
    for (const context of [cluster({ readNamespace: fail }), cluster({ ensureAccess: fail })]) {
      await assert.rejects(review(request(), context.context), fault);
    }
  });
});

describe('a body', () => {
  test('that is an AdmissionReview is taken', () => {
    assert.deepEqual(parseReview(reviewOf()), request());
    const deletion = { operation: 'DELETE', object: null } as never;
    assert.equal(parseReview(reviewOf(deletion)).operation, 'DELETE');
  });

  const bad: [what: string, body: unknown, sentence: RegExp][] = [
    ['nothing', null, /not an AdmissionReview/],
    ['a text', 'AdmissionReview', /not an AdmissionReview/],
    ['a list', [], /not an AdmissionReview/],
    ['an empty object', {}, /not an AdmissionReview/],
    ['another version', { ...reviewOf(), apiVersion: 'admission.k8s.io/v1beta1' }, /admission\.k8s\.io\/v1$/],
    ['another kind', { ...reviewOf(), kind: 'Pod' }, /not an AdmissionReview/],
    ['no request', { ...reviewOf(), request: undefined }, /^request is missing/],
    ['a request that is null', { ...reviewOf(), request: null }, /^request is null/],
    ['no uid', reviewOf({ uid: undefined } as never), /^request\.uid is missing/],
    ['no kind', reviewOf({ kind: undefined } as never), /^request\.kind is missing/],
    ['no namespace', reviewOf({ namespace: '' }), /^request\.namespace is not a name/],
    ['no pod', reviewOf({ object: null } as never), /^request\.object is missing/],
    [
      'no containers',
      reviewOf({ object: { spec: {} } } as never),
      /^request\.object\.spec has no "containers"/,
    ],
    [
      'containers that are no list',
      reviewOf({ object: { spec: { containers: {} } } } as never),
      /^request\.object\.spec\.containers is an object where a list/,
    ],
  ];

  for (const [what, body, sentence] of bad) {
    test(`that has ${what} is refused with a sentence`, () => {
      assert.throws(
        () => parseReview(body),
        (error: Error) => error instanceof BadReview && sentence.test(error.message),
      );
    });
  }
});

test('a refusal carries the warnings, too, and a patch of one operation is a patch', async () => {
  const { context } = cluster();
  const object = askingPod(({ spec, metadata }) => {
    delete spec.subdomain;
    metadata!.annotations!['rollcall.dev/nothing'] = 'x';
  });
  const refused = await review(request({ object }), context);
  assert.equal(refused.result, 'denied');
  assert.match(refused.response.warnings!.join(), /rollcall\.dev\/nothing/);
  const first = await review(request(), context);
  const injected = secondPass(applied(askingPod(), operationsOf(first.response)));
  delete injected.metadata!.annotations![keys.status.key];
  const again = await review(request({ object: injected }), context);
  assert.deepEqual([again.result, operationsOf(again.response).length], ['injected', 1]);
});
