/** No pod takes longer than in proportion to its size, and no answer is longer than somebody reads. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import { inject, type Report } from '../../src/inject/inject.ts';
import { TOKEN_PATH } from '../../src/inject/names.ts';
import type { Namespace, Pod } from '../../src/inject/pod.ts';
import { BadReview, parseReview } from '../../src/webhook/parse/parse-review.ts';
import { warningTexts } from '../../src/webhook/told.ts';
import { annotate, askingPod, INSTALL, labelled } from '../inject/pods.ts';
import { reviewOf } from './reviews.ts';

const namespace: Namespace = { ...labelled, annotations: { [keys.podAccess.key]: 'true' } };
const install = { ...INSTALL, pullSecrets: [{ name: 'registry' }] };
const many = <T>(count: number, one: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => one(index));
const texts = (count: number, key: (index: number) => string, value = '') =>
  Object.fromEntries(many(count, (index) => [key(index), value]));
const spec =
  (fields: object) =>
  ({ spec: made }: Pod): void =>
    void Object.assign(made, fields);
const first = (fields: object) => spec({ containers: [{ name: 'app', ...fields }] });
const sidecar = (fields: object) =>
  spec({ initContainers: [{ name: 'rollcall', args: ['sidecar'], ...fields }] });
const said = (key: { key: string }, value: string) => annotate({ [key.key]: value });
const term = { matchExpressions: [{ key: 'kubernetes.io/os', operator: 'In', values: ['windows'] }] };
const terms = (nodeSelectorTerms: object[]) => ({
  nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
});

/** A pod that grows with a number in one place. */
const heavy: Record<string, (size: number) => (pod: Pod) => void> = {
  containers: (size) => spec({ containers: many(size, (index) => ({ name: `a${index}` })) }),
  'init containers of one name': (size) => spec({ initContainers: many(size, () => ({ name: 'a' })) }),
  'volumes of tokens': (size) =>
    spec({ volumes: many(size, (index) => ({ name: `kube-api-access-${index}` })) }),
  'mounts of tokens': (size) =>
    first({
      volumeMounts: many(size, (index) => ({ name: `kube-api-access-${index}`, mountPath: TOKEN_PATH })),
    }),
  annotations: (size) => annotate(texts(size, (index) => `a${index}`)),
  'keys that there are not': (size) => annotate(texts(size, (index) => `rollcall.dev/wait-for${index}`)),
  'keys of other domains': (size) => annotate(texts(size, (index) => `rol${index}.dev/inject`)),
  files: (size) => annotate(texts(size, (index) => `rollcall.dev/file.${index}`, '{name}')),
  'members that groups are to have': (size) =>
    annotate(texts(size, (index) => `rollcall.dev/expected.g${index}`, 'deployment web')),
  'labels of groups': (size) =>
    annotate(texts(size, (index) => `rollcall.dev/member-labels.g${index}`, 'role')),
  'owner references': (size) => (pod) =>
    void Object.assign(pod.metadata!, {
      ownerReferences: many(size, () => ({ apiVersion: 'a', kind: 'b', name: 'c', uid: 'd' })),
    }),
  'terms of affinity': (size) => spec({ affinity: terms(many(size, () => term)) }),
  'pull secrets': (size) => spec({ imagePullSecrets: many(size, (index) => ({ name: `a${index}` })) }),
  ports: (size) => first({ ports: many(size, () => ({ containerPort: 1 })) }),
  'variables of our own container': (size) =>
    sidecar({ env: many(size, (index) => ({ name: `A${index}` })) }),
  'a long path': (size) =>
    first({ volumeMounts: [{ name: 'a', mountPath: `/run/rollcall${'/'.repeat(size)}x` }] }),
  'a long quantity': (size) => first({ resources: { limits: { cpu: `${'1'.repeat(size)}x` } } }),
  'a long image': (size) => sidecar({ image: `a/${'@:'.repeat(size)}` }),
  'a long name': (size) =>
    first({ name: '\u0001'.repeat(size), volumeMounts: [{ name: 'rollcall-token', mountPath: '/' }] }),
  'a long status': (size) => (pod) => {
    said(keys.status, `{"version":"","empty":[${Array(size).fill('"a"').join()}]}`)(pod);
    sidecar({})(pod);
  },
  'a long command': (size) => said(keys.onStart, `a ${`"\\"`.repeat(size)}`),
  'a long command of quotes': (size) => said(keys.onStart, `a ${"'b".repeat(size)}`),
  'a long setting of digits': (size) => said(keys.cpuRequest, `${'1'.repeat(size)}x`),
  'a long line of a file': (size) => annotate({ 'rollcall.dev/file.a': '{a'.repeat(size) }),
  'a long line of placeholders': (size) => annotate({ 'rollcall.dev/file.a': '{name}'.repeat(size) }),
  'a long selector': (size) => said(keys.selector, `${'a,'.repeat(size)}"`),
  'many targets': (size) => said(keys.notify, 'udp://127.0.0.1:1 '.repeat(size)),
  'names of containers': (size) => said(keys.containers, many(size, (index) => `a${index}`).join()),
  'a long path of the mount': (size) => said(keys.mountPath, `/run/${'a/'.repeat(size)}`),
};

function answered(pod: Pod): Report | undefined {
  try {
    const { object } = parseReview(reviewOf({ object: pod, namespace: 'labelled' }));
    return inject(object, { namespace, install, dryRun: false, admission: true });
  } catch (error) {
    assert.ok(error instanceof BadReview, String(error));
    return undefined;
  }
}

/** The least time of several: what else the machine does is not counted. */
function millisecondsFor(pod: Pod): number {
  const times = many(5, () => {
    const began = performance.now();
    answered(pod);
    return performance.now() - began;
  });
  return Math.min(...times);
}

/** The time for which one review may hold the event loop. A shorter time would fail on a busy machine. */
const NOISE_MS = 50;

describe('a pod with ever more of one thing', () => {
  for (const [what, grown] of Object.entries(heavy)) {
    test(`${what}: four times as many take no more than a few times as long`, () => {
      const [small, large] = [5_000, 20_000].map((size) => millisecondsFor(askingPod(grown(size)))) as [
        number,
        number,
      ];
      // With the square of it they would take sixteen times as long.
      assert.ok(large < NOISE_MS || large < 10 * small, `${small} ms, then ${large} ms`);
    });

    test(`${what}: the answer stays short`, () => {
      for (const asks of [true, false]) {
        const pod = askingPod(grown(20_000));
        if (!asks) delete pod.metadata!.annotations![keys.inject.key];
        const report = answered(pod);
        if (report === undefined) continue;
        const { decision, patch } = report;
        const warnings = warningTexts(report);
        const told = warnings.join('\n');
        assert.ok(told.length <= 4096 && warnings.length <= 15, `${warnings.length}: ${told.length}`);
        for (const { sentence } of decision.kind === 'inject' ? [] : decision.reasons)
          assert.ok(sentence.length < 1100, sentence);
        assert.ok(JSON.stringify(patch).length < 200_000);
      }
    });
  }
});

test('of keys that there are not ten are named, and the rest is counted', () => {
  const warnings = warningTexts(answered(askingPod(heavy['keys that there are not']!(500)))!);
  assert.equal(warnings.length, 11);
  assert.match(warnings[0]!, /wait-for0 is not known; is rollcall\.dev\/wait-for meant\?$/);
  assert.equal(warnings[10], 'rollcall: 490 more annotations of rollcall.dev/ are not known');
});

test('the largest pod that is injected has a patch that is shorter than it', () => {
  const mounts = many(4, () => ({ name: 'kube-api-access-0', mountPath: TOKEN_PATH }));
  const pod = askingPod(
    spec({
      containers: many(500, (index) => ({ name: `container-${index}`, image: 'a', volumeMounts: mounts })),
      volumes: many(1000, (index) => ({ name: `kube-api-access-${index}` })),
    }),
  );
  const { decision, patch } = answered(pod)!;
  assert.equal(decision.kind, 'inject');
  assert.ok(JSON.stringify(patch).length < 1.5 * JSON.stringify(pod).length);
});
