/** Who hears of a pod that is not injected, on a real kube-apiserver with two webhooks behind it. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Reply } from '../support/api-request.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import { SYSTEM_NAMESPACE } from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { appPod, INJECT, isInjected, type Pod } from './app-pod.ts';
import { WebhookReplicas } from './webhook-replicas.ts';

const LABELLED = { 'rollcall.dev/injection': 'enabled' };
const REQUESTS = 'rollcall_admission_requests_total';

interface Event {
  involvedObject: { uid: string; kind: string; name: string };
  reason: string;
  type: string;
  message: string;
  count: number;
}

suite('skipped pods on a real API server', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;
  let webhooks: WebhookReplicas;

  before(async () => {
    plane = await startControlPlane();
    await plane.ensureNamespace(SYSTEM_NAMESPACE);
    for (const name of ['owners', 'reasons', 'narrow']) await plane.ensureNamespace(name, LABELLED);
    const limits = [{ type: 'Pod', max: { memory: '300Mi' } }];
    await plane.must('POST', '/api/v1/namespaces/narrow/limitranges', {
      metadata: { name: 'limits' },
      spec: { limits },
    });
    webhooks = new WebhookReplicas(plane);
    await webhooks.start(2);
    for (const name of ['owners', 'reasons', 'narrow']) {
      await eventually(`call for ${name}`, async () => {
        const pod = appPod({ name: 'probe' }, {}, { subdomain: 'app' });
        pod.spec.containers[0]!.resources = { limits: { memory: '64Mi' } };
        const { body } = await create(name, pod, '?dryRun=All');
        return body.kind === 'Pod' && isInjected(body);
      });
    }
  });

  after(async () => {
    await webhooks?.stop();
    await plane?.stop();
  });

  const create = (namespace: string, pod: Pod, query = ''): Promise<Reply> =>
    plane.request('POST', `/api/v1/namespaces/${namespace}/pods${query}`, pod);

  /** Its owner is in no need of being there: admission does not look. */
  const owned = (owner: string, pod: Pod): Pod => {
    const reference = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: `uid-${owner}` };
    return { ...pod, metadata: { ...pod.metadata, ownerReferences: [{ ...reference, controller: true }] } };
  };

  const podOf = (owner: string) => owned(owner, appPod({ generateName: `${owner}-` }));

  const eventsOf = async (namespace: string, owner: string): Promise<Event[]> => {
    const { items } = await plane.must('GET', `/api/v1/namespaces/${namespace}/events`);
    return items.filter((event: Event) => event.involvedObject.uid === `uid-${owner}`);
  };

  const eventOf = (namespace: string, owner: string) =>
    eventually(`event on ${owner}`, async () => (await eventsOf(namespace, owner))[0]);

  /** Returns the counts of both replicas. */
  const counts = (code: string, result = 'skipped') => webhooks.metric(REQUESTS, { result, code });
  const sum = (numbers: number[]) => numbers.reduce((total, one) => total + one, 0);

  test('an owner gets one Event, however many pods it has and webhooks there are', async () => {
    const atFirst = await counts('no-service');
    await eventually('an answer of each replica', async () => {
      const replies = await Promise.all([1, 2, 3].map(() => create('owners', podOf('web'))));
      for (const { status, body } of replies) assert.equal(status, 201, body.message);
      const now = await counts('no-service');
      return now.every((count, index) => count > atFirst[index]!);
    });
    // Later news, from both as well: what there was to tell of the first owner has been told.
    for (const later of ['later-1', 'later-2']) {
      await Promise.all([1, 2, 3].map(() => create('owners', podOf(later))));
      await eventOf('owners', later);
    }
    const [told, ...more] = await eventsOf('owners', 'web');
    assert.deepEqual(more, []);
    assert.deepEqual([told!.reason, told!.type, told!.count], ['NotInjected', 'Warning', 1]);
    assert.deepEqual([told!.involvedObject.kind, told!.involvedObject.name], ['ReplicaSet', 'web']);
    assert.match(told!.message, /^rollcall \(no-service\): .*write rollcall\.dev\/service: "NAME"/);
    const failed = await webhooks.metric('rollcall_skip_events_total', { result: 'failed' });
    assert.deepEqual(failed, [0, 0]);
  });

  test('of a dry run it hears nothing, and nobody of a pod without an owner but its author', async () => {
    const dry = await create('owners', podOf('dry'), '?dryRun=All');
    assert.match(dry.warnings.join(), /rollcall: not injected \(no-service\): /);
    const bare = await create('owners', appPod({ name: 'bare' }));
    assert.match(bare.warnings.join(), /rollcall: not injected \(no-service\): /);
    await create('owners', podOf('real'));
    await eventOf('owners', 'real');
    assert.deepEqual(await eventsOf('owners', 'dry'), []);
    const { items } = await plane.must('GET', '/api/v1/namespaces/owners/events');
    assert.ok(items.every((event: Event) => event.involvedObject.kind === 'ReplicaSet'));
  });

  const { containers } = appPod({ name: 'any' }).spec;
  const [app] = containers;
  const service = { 'rollcall.dev/service': 'app' };
  const scratch = [{ name: 'scratch', emptyDir: {} }];
  const mounting = { ...app!, volumeMounts: [{ name: 'scratch', mountPath: '/run/rollcall' }] };
  const { securityContext: _, ...forWindows } = app!;
  const large = { ...app!, resources: { limits: { memory: '299Mi' } } };
  const reasons: Record<string, { annotations?: Record<string, string>; spec?: Partial<Pod['spec']> }> = {
    'no-service': { annotations: {} },
    'bad-value': { annotations: { ...service, 'rollcall.dev/wait-for': 'many' } },
    'name-taken': { spec: { containers: [...containers, { ...app!, name: 'rollcall' }] } },
    'mount-path-taken': { spec: { containers: [mounting], volumes: scratch } },
    windows: { spec: { os: { name: 'windows' }, containers: [forWindows], securityContext: {} } },
    'limit-range': { spec: { containers: [large] } },
  };

  for (const [code, { annotations = service, spec = {} }] of Object.entries(reasons)) {
    test(`${code} is the same word in the answer, the Event, the metric and the log`, async () => {
      const namespace = code === 'limit-range' ? 'narrow' : 'reasons';
      const [skipped, denied] = [sum(await counts(code)), sum(await counts(code, 'denied'))];

      const silent = await create(
        namespace,
        owned(`of-${code}`, appPod({ name: `${code}-silent` }, annotations, spec)),
      );
      assert.equal(silent.status, 201, silent.body.message);
      assert.equal(isInjected(silent.body), false);
      assert.match(silent.warnings.join(), new RegExp(`rollcall: not injected \\(${code}\\): .`));
      const { message } = await eventOf(namespace, `of-${code}`);
      assert.ok(message.startsWith(`rollcall (${code}): `), message);
      assert.equal(sum(await counts(code)), skipped + 1);

      const asking = { ...annotations, 'rollcall.dev/inject': 'true' };
      const refused = await create(namespace, appPod({ name: `${code}-asking` }, asking, spec));
      assert.equal(refused.status, 422);
      assert.match(refused.body.message, new RegExp(`rollcall \\(${code}\\): .`));
      assert.equal(sum(await counts(code, 'denied')), denied + 1);

      const all = await Promise.all(webhooks.replicas.map((replica) => replica.settledLogs()));
      const logged = all
        .flat()
        .filter(({ pod }) => String(pod).startsWith(`${code}-`))
        .map(({ pod, result, code: of }) => [pod, result, of]);
      assert.deepEqual(logged.sort(), [
        [`${code}-asking`, 'denied', code],
        [`${code}-silent`, 'skipped', code],
      ]);
    });
  }

  test('the mirror of a static pod is let through though it asks: its node runs it anyway', async () => {
    const annotations = { ...INJECT, 'kubernetes.io/config.mirror': 'c0ffee' };
    const spec = { nodeName: 'node', automountServiceAccountToken: false };
    const { status, body, warnings } = await create('reasons', appPod({ name: 'static' }, annotations, spec));
    assert.equal(status, 201, body.message);
    assert.equal(isInjected(body), false);
    assert.match(warnings.join(), /rollcall: not injected \(mirror-pod\): /);
  });
});
