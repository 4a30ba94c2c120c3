/** The webhook beside one of somebody else, called before it or after it, on a real kube-apiserver. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { inject } from '../../src/inject/inject.ts';
import type { Install } from '../../src/inject/plan.ts';
import type { Reply } from '../support/api-request.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import {
  installOn,
  type OutsideWebhook,
  SYSTEM_NAMESPACE,
  startOutsideWebhook,
} from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { metricSum } from '../support/metrics.ts';
import { appPod, INJECT, isInjected, type Pod } from './app-pod.ts';
import { generatedPods } from './generated-pods.ts';
import { inParallel } from './parallel.ts';
import { type Mutation, type MutationName, mutations, SecondWebhook } from './second-webhook.ts';
import { ANNOTATIONS, namespaces as profiles } from './twin-namespaces.ts';
import { manifestOf, sidecarsOf, silenced } from './twin-pods.ts';

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
/** The number of generated pods in each namespace, beside the two simplest. */
const PODS = 8;
const AT_A_TIME = 8;

/** Configurations are called in the order of their names; ours is `rollcall`. */
const PLACES = { before: 'a', after: 'z' } as const;

interface Second {
  name: MutationName;
  place: keyof typeof PLACES;
  policy: 'IfNeeded' | 'Never';
}

const seconds: Second[] = (['before', 'after'] as const).flatMap((place) => [
  ...(Object.keys(mutations) as MutationName[]).map((name): Second => ({ name, place, policy: 'IfNeeded' })),
  { name: 'old-types', place, policy: 'Never' },
]);

/** Each acts in a namespace of its own. */
const namespaceOf = ({ name, place, policy }: Second) => `${name}-${place}-${policy.toLowerCase()}`;

const nameOf = ({ metadata }: Pod) => metadata.name ?? `${metadata.generateName}*`;

interface Outcome {
  second: Second;
  pod: Pod;
  /** The answer to a dry run, with the second webhook alone. */
  twin: Reply;
  real: Reply;
}

suite('a second mutating webhook on a real API server', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;
  let webhook: OutsideWebhook;
  let install: Install;
  let server: SecondWebhook;
  let outcomes: Outcome[];
  /** How often our webhook was called for a pod. */
  let ourCalls: (second: Second, pod: Pod) => number;
  let counted: { logged: number; byApiServer: number };

  before(async () => {
    plane = await startControlPlane();
    install = await installOn(plane);
    await plane.ensureNamespace(SYSTEM_NAMESPACE);
    server = await SecondWebhook.start();
    for (const second of seconds) await configure(second);
    webhook = await startOutsideWebhook(plane);
    for (const second of seconds) await called(second);
    await createAll();
  });

  after(async () => {
    await webhook?.process.kill();
    await server?.stop();
    await plane?.stop();
  });

  const create = (second: Second, pod: Pod, query = ''): Promise<Reply> =>
    plane.request('POST', `/api/v1/namespaces/${namespaceOf(second)}/pods${query}`, pod);

  const configure = async (second: Second) => {
    const namespace = namespaceOf(second);
    await plane.ensureNamespace(
      namespace,
      { 'pod-security.kubernetes.io/enforce': 'restricted' },
      ANNOTATIONS,
    );
    await plane.must('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, {
      metadata: { name: 'mine' },
    });
    const entry = {
      name: `${namespace}.example.com`,
      clientConfig: { url: server.url(second.name), caBundle: server.caBundle },
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      reinvocationPolicy: second.policy,
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    };
    const metadata = { name: `${PLACES[second.place]}-${namespace}` };
    await plane.must('POST', CONFIGURATIONS, { metadata, webhooks: [entry] });
  };

  const called = (second: Second) =>
    eventually(`calls for ${namespaceOf(second)}`, async () => {
      const reply = await create(second, appPod({ name: 'probe' }, INJECT), '?dryRun=All');
      const ours = reply.status === 201 ? isInjected(reply.body) : isOutdone(reply);
      return ours && server.calls.has(`${namespaceOf(second)}/probe`);
    });

  const calls = async (): Promise<number> => {
    const text = (await plane.request('GET', '/metrics')).body;
    return metricSum(text, 'apiserver_admission_webhook_request_total', { name: 'pods.rollcall.dev' });
  };

  const createAll = async () => {
    const { labelled: _, ...plain } = profiles;
    const asking = generatedPods(200).filter(
      ({ asks, obstacle, namespace }) =>
        asks === 'pod' && obstacle === undefined && plain[namespace]?.level === 'restricted',
    );
    const ordinary = { ...INJECT, 'rollcall.dev/native-sidecar': 'false' };
    const simple = [appPod({ name: 'native' }, INJECT), appPod({ name: 'ordinary' }, ordinary)];
    const pods = [...simple, ...asking.slice(0, PODS).map(({ pod }) => pod)];
    const wanted = seconds.flatMap((second) => pods.map((pod) => ({ second, pod })));
    const twins = await inParallel(wanted, AT_A_TIME, ({ second, pod }) =>
      create(second, silenced(pod), '?dryRun=All'),
    );
    server.calls.clear();
    const before = { lines: (await webhook.process.settledLogs()).length, calls: await calls() };
    outcomes = await inParallel([...wanted.entries()], AT_A_TIME, async ([index, { second, pod }]) => {
      return { second, pod, twin: twins[index]!, real: await create(second, pod) };
    });
    const lines = (await webhook.process.settledLogs()).slice(before.lines);
    const admissions = lines.filter(({ message }) => message === 'admission');
    ourCalls = (second, pod) =>
      admissions.filter((line) => line.namespace === namespaceOf(second) && line.pod === nameOf(pod)).length;
    counted = { logged: admissions.length, byApiServer: (await calls()) - before.calls };
  };

  const isNative = ({ metadata }: Pod) => metadata.annotations?.['rollcall.dev/native-sidecar'] !== 'false';

  /** It has the last word on every sidecar, and its word is that there are none. */
  const outdoes = ({ name, place, policy }: Second) =>
    name === 'old-types' && place === 'after' && policy === 'IfNeeded';

  const isOutdone = ({ status, body }: Reply) =>
    status === 422 && body.message.includes('startupProbe: Forbidden');

  const label = ({ second, pod }: Outcome) => `${namespaceOf(second)} ${JSON.stringify(pod)}`;
  const accepted = () => outcomes.filter(({ real }) => real.status === 201);

  test('what is accepted without us is accepted with us, with one sidecar that goes on running', () => {
    for (const one of outcomes.filter(({ twin }) => twin.status === 201)) {
      if (outdoes(one.second) && isNative(one.pod)) continue;
      assert.equal(one.real.status, 201, `${one.real.body.message} ${label(one)}`);
      const { spec } = one.real.body as Pod;
      const sidecars = sidecarsOf(one.real.body);
      assert.equal(sidecars.length, 1, label(one));
      const native = spec.initContainers?.find((container) => container.name === 'rollcall');
      assert.equal(native?.restartPolicy, isNative(one.pod) ? 'Always' : undefined, label(one));
    }
    for (const second of seconds) {
      const all = accepted().filter((one) => one.second === second);
      // It breaks native sidecars of the application as well.
      const enough = second.name !== 'old-types' ? PODS / 2 : outdoes(second) ? 1 : 2;
      assert.ok(all.length >= enough, `${all.length} in ${namespaceOf(second)}`);
    }
  });

  test('a pod whose sidecar another webhook breaks last is refused, not run broken', () => {
    const broken = outcomes.filter(({ second, pod }) => outdoes(second) && isNative(pod));
    for (const one of broken.filter(({ twin }) => twin.status === 201)) {
      assert.ok(isOutdone(one.real), `${one.real.status} ${one.real.body.message} ${label(one)}`);
    }
  });

  test('neither webhook would change the pod any more', () => {
    for (const { second, pod, real } of accepted()) {
      const seen = manifestOf(real.body);
      const namespace = { name: namespaceOf(second), labels: {}, annotations: ANNOTATIONS, limits: [] };
      const { decision, patch } = inject(seen, { namespace, install, dryRun: false });
      assert.deepEqual([decision.kind, patch], ['inject', []], namespaceOf(second));
      // Called before us for the last time, it has not seen what we made of the pod.
      if (second.name === 'old-types' && isNative(pod)) continue;
      const mutation: Mutation = mutations[second.name];
      assert.deepEqual(manifestOf(mutation(seen)), seen, namespaceOf(second));
    }
  });

  test('no pod calls either webhook more than twice', () => {
    assert.equal(counted.logged, counted.byApiServer, 'all calls are in the log');
    for (const one of outcomes.filter(({ twin }) => twin.status === 201)) {
      const { second, pod } = one;
      const theirs = server.calls.get(`${namespaceOf(second)}/${nameOf(pod)}`) ?? 0;
      const ours = ourCalls(second, pod);
      assert.ok(ours >= 1 && ours <= 2, `${ours} calls of ours ${label(one)}`);
      assert.ok(theirs >= 1 && theirs <= 2, `${theirs} calls of theirs ${label(one)}`);
    }
  });
});
