/** What a grant gives, and takes back, on a real kube-apiserver, from two webhooks with the rights of their account. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { apiRequest } from '../support/api-request.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS, PATIENCE_MS } from '../support/deadlines.ts';
import { SYSTEM_NAMESPACE } from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { appPod, INJECT, isInjected } from './app-pod.ts';
import { WebhookReplicas } from './webhook-replicas.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const GRANT = 'rollcall-grant';
const SCOPED = 'rollcall-watcher';
const PODS = 'rollcall-pod-watcher';
const SCALE = 'rollcall-scale-reader';
const GUEST = 'rollcall-guest';
/**
 * A grant, and its end, take 5 s at most by docs/guarantees.md. A slow machine has a minute, which is still far less than
 * the 10 min after which all grants are looked at in any case.
 */
const BOUND = { timeoutMs: PATIENCE_MS, everyMs: 20 };
const MERGE = { 'content-type': 'application/merge-patch+json' };

const slicesOf = (namespace: string) => `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
const bindingOf = (namespace: string) => `${RBAC}/namespaces/${namespace}/rolebindings/${GRANT}`;
const namespaced = (namespace: string, resource: string) => `/api/v1/namespaces/${namespace}/${resource}`;

suite('grants on a real API server', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;
  let webhooks: WebhookReplicas;
  const tokens: Record<string, string> = {};

  before(async () => {
    plane = await startControlPlane();
    for (const name of [SYSTEM_NAMESPACE, 'shop', 'team-b', 'team-c', 'eve'])
      await plane.ensureNamespace(name);
    for (const name of ['shop', 'eve']) {
      for (const account of [SCOPED, PODS, SCALE, GUEST, 'app']) {
        await plane.must('POST', namespaced(name, 'serviceaccounts'), { metadata: { name: account } });
        tokens[`${name}/${account}`] = await plane.mintToken(name, account);
      }
    }
    webhooks = new WebhookReplicas(plane);
    await webhooks.start(2);
  });

  after(async () => {
    await webhooks?.stop();
    await plane?.stop();
  });

  const grant = (namespace: string, names: string | null) =>
    plane.must(
      'PATCH',
      `/api/v1/namespaces/${namespace}`,
      { metadata: { annotations: { 'rollcall.dev/grant': names } } },
      MERGE,
    );

  const status = async (who: string, path: string): Promise<number> =>
    (await apiRequest({ url: plane.url, ca: plane.ca, token: tokens[who]! }, 'GET', path)).status;

  /** Waits until the answer is that, and returns after how many milliseconds. */
  async function answers(who: string, path: string, code: number): Promise<number> {
    const began = performance.now();
    await eventually(`${code} for ${who}`, async () => (await status(who, path)) === code, BOUND);
    return Math.round(performance.now() - began);
  }

  test('a grant lets the sidecars of one namespace list the slices of another, and do nothing else', async () => {
    const shop = [`shop/${SCOPED}`, `shop/${PODS}`, `shop/${SCALE}`, `shop/${GUEST}`];
    for (const who of shop) assert.equal(await status(who, slicesOf('team-b')), 403);
    await grant('team-b', 'shop');
    const milliseconds = await answers(shop[0]!, slicesOf('team-b'), 200);
    for (const who of shop) {
      await answers(who, slicesOf('team-b'), 200);
      assert.equal(await status(who, `${slicesOf('team-b')}?watch=true&timeoutSeconds=1`), 200);
      for (const resource of ['pods', 'secrets', 'configmaps', 'services', 'endpoints', 'serviceaccounts'])
        assert.equal(await status(who, namespaced('team-b', resource)), 403, `${who} ${resource}`);
      assert.equal(await status(who, slicesOf('team-c')), 403, 'it is for the one namespace');
      assert.equal(await status(who, '/apis/discovery.k8s.io/v1/endpointslices'), 403);
      const made = { metadata: { name: 'made' }, addressType: 'IPv4', endpoints: [] };
      const api = { url: plane.url, ca: plane.ca, token: tokens[who]! };
      assert.equal((await apiRequest(api, 'POST', slicesOf('team-b'), made)).status, 403);
    }
    for (const who of ['shop/app', `eve/${SCOPED}`])
      assert.equal(await status(who, slicesOf('team-b')), 403, who);
    console.log(`    a grant took ${milliseconds} ms`);
  });

  test('a pod with a group of another namespace is created where that one grants it, and else told so', async () => {
    const asks = (namespace: string) => {
      const annotations = { ...INJECT, 'rollcall.dev/group.backends': `service tcp-servers in ${namespace}` };
      return plane.request(
        'POST',
        `${namespaced('shop', 'pods')}?dryRun=All`,
        appPod({ name: 'app' }, annotations),
      );
    };
    const granted = await asks('team-b');
    assert.equal(granted.status, 201, JSON.stringify(granted.body));
    assert.ok(isInjected(granted.body));
    const sentences: string[] = [];
    for (const namespace of ['team-c', 'not-there']) {
      const { status: code, body } = await asks(namespace);
      assert.equal(code, 422, JSON.stringify(body));
      sentences.push(body.message.replaceAll(`"${namespace}"`, '"*"'));
    }
    assert.match(sentences[0]!, /grants nothing to the namespace "shop"/);
    assert.equal(sentences[0], sentences[1], 'one sentence, whether or not the namespace is there');
  });

  test('it is taken back from whom the annotation does not name any more', async () => {
    await grant('team-b', 'eve, shop');
    await answers(`eve/${SCOPED}`, slicesOf('team-b'), 200);
    await grant('team-b', 'eve');
    await answers(`shop/${SCOPED}`, slicesOf('team-b'), 403);
    assert.equal(await status(`eve/${SCOPED}`, slicesOf('team-b')), 200);
    await grant('team-b', null);
    const milliseconds = await answers(`eve/${SCOPED}`, slicesOf('team-b'), 403);
    assert.equal((await plane.request('GET', bindingOf('team-b'))).status, 404);
    console.log(`    taking it back took ${milliseconds} ms`);
  });

  test('a binding that is deleted or altered is as before, within the bound', async () => {
    await grant('team-c', 'shop');
    await answers(`shop/${SCOPED}`, slicesOf('team-c'), 200);
    await plane.must('DELETE', bindingOf('team-c'));
    await eventually(
      'binding',
      async () => (await plane.request('GET', bindingOf('team-c'))).status === 200,
      BOUND,
    );
    const binding = await plane.must('GET', bindingOf('team-c'));
    const eve = { kind: 'ServiceAccount', namespace: 'eve', name: 'app' };
    await plane.must('PUT', bindingOf('team-c'), { ...binding, subjects: [eve] });
    await answers('eve/app', slicesOf('team-c'), 403);
    await answers(`shop/${SCOPED}`, slicesOf('team-c'), 200);
  });

  test('a grant that ended while no webhook ran is taken back by the first that starts', async () => {
    await webhooks.kill();
    await grant('team-c', null);
    await grant('team-b', 'shop');
    assert.equal(await status(`shop/${SCOPED}`, slicesOf('team-c')), 200, 'nobody is there to take it back');
    await webhooks.launch(1);
    await answers(`shop/${SCOPED}`, slicesOf('team-c'), 403);
    await answers(`shop/${SCOPED}`, slicesOf('team-b'), 200);
  });

  test('nothing is granted in namespaces of the cluster itself, nor to them', async () => {
    await grant('kube-public', 'shop');
    await grant('team-b', 'kube-system, shop');
    await grant('team-c', 'eve');
    await answers(`eve/${SCOPED}`, slicesOf('team-c'), 200);
    assert.equal((await plane.request('GET', bindingOf('kube-public'))).status, 404);
    const { subjects } = await plane.must('GET', bindingOf('team-b'));
    assert.deepEqual(
      [...new Set(subjects.map(({ namespace }: { namespace: string }) => namespace))],
      ['shop'],
    );
  });
});
