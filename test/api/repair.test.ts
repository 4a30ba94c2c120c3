/** `rollcall repair` on a real kube-apiserver, whose Eviction API decides; a loop here is the controller of pods. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from '../cli/run.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import { SYSTEM_NAMESPACE } from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { appPod, INJECT, isInjected, type Pod } from './app-pod.ts';
import { WebhookReplicas } from './webhook-replicas.ts';

const LABELLED = { 'rollcall.dev/injection': 'enabled' };
const MERGE = { 'content-type': 'application/merge-patch+json' };
const READY = { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } };

interface Stored extends Pod {
  metadata: Pod['metadata'] & { name: string; uid: string; ownerReferences?: { uid: string }[] };
}

suite('rollcall repair on a real API server', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;
  let webhooks: WebhookReplicas;
  const controllers: { end(): Promise<void>; most: number }[] = [];

  before(async () => {
    plane = await startControlPlane();
    await plane.ensureNamespace(SYSTEM_NAMESPACE);
    for (const name of ['kept', 'shop', 'slow']) await plane.ensureNamespace(name, LABELLED);
  });

  after(async () => {
    for (const controller of controllers) await controller.end();
    await webhooks?.stop();
    await plane?.stop();
  });

  const pods = async (namespace: string): Promise<Stored[]> =>
    (await plane.must('GET', `/api/v1/namespaces/${namespace}/pods`)).items;

  const make = async (namespace: string, kind: string | undefined, name: string, labels = {}) => {
    const owner = {
      apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
      kind,
      name: 'app',
      controller: true,
    };
    const ownerReferences = kind === undefined ? [] : [{ ...owner, uid: `00000000-${namespace}-${kind}` }];
    const pod = appPod({ name }, {}, { subdomain: 'app' });
    const metadata = { ...pod.metadata, labels, ownerReferences };
    await plane.must('POST', `/api/v1/namespaces/${namespace}/pods`, { ...pod, metadata });
    await plane.must('PATCH', `/api/v1/namespaces/${namespace}/pods/${name}/status`, READY, MERGE);
  };

  /** Keeps as many pods as there are now, each of them ready at once, and counts how many are away together. */
  const control = async (namespace: string, count: number): Promise<void> => {
    let ended = false;
    let made = 0;
    const controller = { most: 0, end: async () => {} };
    const controlling = (async () => {
      for (; !ended; await delay(50)) {
        const missing = count - (await pods(namespace)).length;
        controller.most = Math.max(controller.most, missing);
        for (let one = 0; one < missing; one += 1) {
          made += 1;
          await make(namespace, 'ReplicaSet', `next-${made}`);
        }
      }
    })();
    controller.end = async () => {
      ended = true;
      await controlling;
    };
    controllers.push(controller);
  };

  const repair = async (...argv: string[]) => {
    const { out, code } = await run('repair', ['-o', 'json', '--kubeconfig', plane.kubeconfig, ...argv]);
    return { code, ...JSON.parse(out) };
  };

  test('what was missed is planned, and nothing is evicted unasked', async () => {
    for (const name of ['a', 'b', 'c']) await make('shop', 'ReplicaSet', name);
    await make('shop', undefined, 'alone');
    await make('shop', 'Job', 'work');
    // A copy would not be injected yet.
    const early = await repair('--yes', '-n', 'shop');
    assert.deepEqual([early.code, early.evict], [1, []]);
    assert.deepEqual(early.left.map(({ code }: { code: string }) => code).sort(), [
      'job',
      'missed-again',
      'missed-again',
      'missed-again',
      'no-controller',
    ]);
    webhooks = new WebhookReplicas(plane);
    await webhooks.start(1);
    await eventually('the webhook is called', async () => {
      const path = '/api/v1/namespaces/kept/pods?dryRun=All';
      const { body } = await plane.request('POST', path, appPod({ name: 'x' }, INJECT));
      return body.kind === 'Pod' && isInjected(body);
    });
    const before = (await pods('shop')).map(({ metadata }) => metadata.uid);
    const { code, evict, done } = await repair('-n', 'shop');
    assert.deepEqual([code, done], [0, []]);
    assert.deepEqual(
      evict.map(({ name, controller }: Record<string, string>) => `${name} ${controller}`),
      ['a', 'b', 'c'].map((name) => `${name} ReplicaSet/app`),
    );
    assert.deepEqual(
      (await pods('shop')).map(({ metadata }) => metadata.uid),
      before,
    );
  });

  test('with --yes they are evicted one at a time, and what nobody makes again stays', async () => {
    await control('shop', 5);
    const { code, done, left } = await repair('-n', 'shop', '--yes');
    assert.deepEqual(
      done.map((one: Record<string, string>) => `${one.name} ${one.code}`),
      ['a evicted', 'b evicted', 'c evicted'],
    );
    assert.deepEqual([code, left.length], [1, 2], 'two are still missed');
    const now = await pods('shop');
    assert.deepEqual(
      now.map((pod) => [pod.metadata.name, isInjected(pod)]),
      [
        ['alone', false],
        ['next-1', true],
        ['next-2', true],
        ['next-3', true],
        ['work', false],
      ],
    );
    assert.equal(controllers[0]!.most, 1);
    assert.deepEqual((await repair('-n', 'shop')).evict, []);
  });

  test('a budget of disruptions is kept to, and told', async () => {
    await evictable('kept', 'db');
    await plane.must('POST', '/apis/policy/v1/namespaces/kept/poddisruptionbudgets', {
      metadata: { name: 'db' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'db' } } },
    });
    const { code, done } = await repair('-n', 'kept', '--yes');
    assert.equal(code, 1);
    assert.deepEqual([done[0].code, done.length], ['budget', 1]);
    assert.match(done[0].why, /budget of disruptions keeps it for now.*429/);
    assert.equal((await pods('kept')).length, 1);
  });

  test('where the next pod does not come, the rest of its controller is left', async () => {
    await evictable('slow', 'db-0');
    await evictable('slow', 'db-1');
    const { code, done } = await repair('-n', 'slow', '--yes', '--timeout', '1');
    assert.equal(code, 1);
    assert.deepEqual(
      done.map((one: Record<string, string>) => one.code),
      ['not-replaced', 'not-begun'],
    );
    assert.match(done[0].why, /after 1 s 1 of 2 pods of its controller are ready again$/);
    assert.deepEqual(
      (await pods('slow')).map(({ metadata }) => metadata.name),
      ['db-1'],
    );
  });

  /** Makes a pod while its namespace does not ask. */
  async function evictable(namespace: string, name: string): Promise<void> {
    const path = `/api/v1/namespaces/${namespace}`;
    await plane.must('PATCH', path, { metadata: { labels: { 'rollcall.dev/injection': null } } }, MERGE);
    await eventually('a pod that is not injected', async () => {
      const probe = appPod({ name: 'probe' }, {}, { subdomain: 'app' });
      return !isInjected(await plane.must('POST', `${path}/pods?dryRun=All`, probe));
    });
    await make(namespace, 'StatefulSet', name, { app: 'db' });
    await plane.must('PATCH', path, { metadata: { labels: LABELLED } }, MERGE);
    await eventually('a pod that is injected', async () => {
      const probe = appPod({ name: 'probe' }, {}, { subdomain: 'app' });
      return isInjected(await plane.must('POST', `${path}/pods?dryRun=All`, probe));
    });
  }
});
