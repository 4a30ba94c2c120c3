/** `rollcall/testing` as a tester of another project uses it. */
import assert from 'node:assert/strict';
import { get } from 'node:https';
import { suite, test } from 'node:test';
import { stringify } from 'yaml';
import { type RunningWebhook, startWebhook, type WebhookOptions } from '../../src/testing/testing.ts';

const BINDINGS = '/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings';
const BINDING = `${BINDINGS}/rollcall-watcher`;

interface Binding {
  subjects: { name: string }[];
}

/** A minimal pod that asks, with other annotations on top. */
function pod(annotations: Record<string, string> = {}, spec: object = {}) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'db-0',
      annotations: { 'rollcall.dev/inject': 'true', 'rollcall.dev/service': 'db', ...annotations },
    },
    spec: { containers: [{ name: 'app', image: 'app:1' }], ...spec },
  };
}

async function withWebhook(options: WebhookOptions, use: (webhook: RunningWebhook) => Promise<void>) {
  const webhook = await startWebhook({ namespaces: ['shop'], ...options });
  try {
    await use(webhook);
  } finally {
    await webhook.close();
  }
}

const inShop = { namespace: 'shop' };

suite('a pod that is sent', () => {
  test('comes back with the sidecar, and its access is made in the cluster', () =>
    withWebhook({}, async ({ admit, api }) => {
      const { decision, allowed, codes, warnings, pod: admitted } = await admit(pod(), inShop);
      assert.deepEqual([decision, allowed, codes, warnings], ['injected', true, [], []]);
      assert.deepEqual(
        admitted.spec.initContainers?.map(({ name, restartPolicy }) => [name, restartPolicy]),
        [['rollcall', 'Always']],
      );
      assert.equal(admitted.spec.containers[0]?.image, 'app:1', 'what is not read stays');
      assert.equal(api.get(BINDING)?.kind, 'RoleBinding');
    }));

  test('stays as it is when it comes again', () =>
    withWebhook({}, async ({ admit }) => {
      const first = await admit(pod(), inShop);
      const { decision, patch, pod: second } = await admit(first.pod, inShop);
      assert.deepEqual([decision, patch], ['unchanged', []]);
      assert.deepEqual(second, first.pod);
    }));

  test('may be YAML', () =>
    withWebhook({}, async ({ admit }) => {
      assert.equal((await admit(stringify(pod()), inShop)).decision, 'injected');
    }));

  test('has the account and the namespace of the default where their names are empty, as for an API server', () =>
    withWebhook({ namespaces: ['default'] }, async ({ admit }) => {
      const empty = pod({}, { serviceAccountName: '', serviceAccount: '' });
      const { decision } = await admit({ ...empty, metadata: { ...empty.metadata, namespace: '' } });
      assert.equal(decision, 'injected');
    }));

  test('is denied with the codes and the sentence that its author reads', () =>
    withWebhook({}, async ({ admit }) => {
      const denied = await admit(pod({ 'rollcall.dev/inject': 'yes' }), inShop);
      assert.deepEqual([denied.decision, denied.allowed, denied.codes], ['denied', false, ['bad-value']]);
      assert.match(denied.message ?? '', /rollcall\.dev\/inject: "yes"/);
      assert.equal(denied.pod.spec.initContainers, undefined);
    }));

  test('is skipped with a code where it does not ask', () =>
    withWebhook({}, async ({ admit }) => {
      const skipped = await admit({ spec: { containers: [{ name: 'app' }] } }, inShop);
      assert.deepEqual([skipped.decision, skipped.codes], ['skipped', ['not-opted-in']]);
    }));

  test('is warned of in words and in codes', () =>
    withWebhook({}, async ({ admit }) => {
      const { codes, told, warnings } = await admit(pod({ 'rollcall.dev/servcie': 'db' }), inShop);
      assert.deepEqual(codes, ['unknown-key']);
      assert.deepEqual(warnings, [`rollcall: ${told[0]?.sentence}`]);
    }));

  test('makes nothing as a dry run', () =>
    withWebhook({}, async ({ admit, api }) => {
      assert.equal((await admit(pod(), { ...inShop, dryRun: true })).decision, 'injected');
      assert.equal(api.get(BINDING), undefined);
    }));

  test('keeps an account of its own, which is bound', () =>
    withWebhook({}, async ({ admit, api }) => {
      const { pod: admitted } = await admit(pod({}, { serviceAccountName: 'web' }), inShop);
      assert.equal(admitted.spec.serviceAccountName, 'web');
      assert.deepEqual(
        (api.list(BINDINGS) as unknown as Binding[]).map(({ subjects }) => subjects.map(({ name }) => name)),
        [['web']],
      );
    }));
});

suite('the cluster of the webhook', () => {
  test('has the labels of its namespaces, the defaults and the image', () => {
    const namespaces = [{ name: 'shop', labels: { 'rollcall.dev/injection': 'enabled' } }];
    const defaults = { 'rollcall.dev/service': 'db' };
    return withWebhook({ namespaces, defaults, image: 'mine:1' }, async ({ admit }) => {
      const { pod: admitted } = await admit({ spec: { containers: [{ name: 'app' }] } }, inShop);
      assert.equal(admitted.spec.initContainers?.[0]?.image, 'mine:1');
    });
  });

  test('is of the version that is asked for', () =>
    withWebhook({ kubernetes: '1.31' }, async ({ admit }) => {
      const { pod: admitted } = await admit(pod(), inShop);
      assert.equal(admitted.spec.initContainers, undefined, 'without native sidecars');
      assert.equal(admitted.spec.containers.length, 2);
    }));

  test('has the objects that a test puts there', () =>
    withWebhook({}, async ({ admit, api }) => {
      const limits = [{ type: 'Container', max: { memory: '1Mi' } }];
      api.create('/api/v1/namespaces/shop/limitranges', { metadata: { name: 'small' }, spec: { limits } });
      assert.deepEqual((await admit(pod(), inShop)).codes, ['limit-range']);
    }));
});

suite('a wrong use', () => {
  for (const [what, given, sentence] of [
    ['a workload', { kind: 'Deployment', spec: {} }, /a Deployment is not a pod; give a Pod, or use podsOf/],
    ['an object without a spec', { kind: 'Pod' }, /a Pod without a spec is not a pod/],
    ['an object whose spec is null', { kind: 'Pod', spec: null }, /a Pod without a spec is not a pod/],
    ['null', null as unknown as object, /a Pod without a spec is not a pod/],
    ['a text with a Pod without a spec', 'kind: Pod', /a Pod without a spec is not a pod/],
    ['a text that is no object', '5', /the text has nothing and not one Pod/],
    ['an object without a kind', 'a: 1', /the text has an object without a kind and not one Pod/],
    ['a text without a pod', 'kind: Service', /the text has Service and not one Pod; .*podsOf\(text\)/],
    ['an empty text', '', /the text has nothing and not one Pod/],
    ['a text that is not YAML', 'a: [', /the manifests are not YAML: /],
  ] as const) {
    test(`${what} is refused, with what to give`, () =>
      withWebhook({}, ({ admit }) => assert.rejects(admit(given, inShop), { message: sentence })));
  }

  test('a namespace that is not there is named, with how to have it', () =>
    withWebhook({}, ({ admit }) =>
      assert.rejects(admit(pod(), { namespace: 'sohp' }), {
        message: `there is no namespace "sohp"; start with namespaces: ['sohp']`,
      }),
    ));

  test('what is no pod by its shape is refused in the words of the webhook', () =>
    withWebhook({}, ({ admit }) =>
      assert.rejects(admit({ spec: { containers: 'none' } }, inShop), /answered 400: .*spec\.containers/),
    ));

  test('options that no installation could have are named', async () => {
    await assert.rejects(startWebhook({ kubernetes: 'new' }), /kubernetes: "new" is not a version; give/);
    await assert.rejects(
      startWebhook({ defaults: { 'rollcall.dev/cpu-limit': 'x' } }),
      /rollcall\.dev\/cpu-limit/,
    );
  });

  test('a namespace that is given twice is named, and leaves no server behind', async () => {
    const servers = async () => {
      // Handles that have just been closed count until the next turn.
      await new Promise((resolve) => setImmediate(resolve));
      return process.getActiveResourcesInfo().filter((one) => one === 'TCPServerWrap').length;
    };
    const before = await servers();
    await assert.rejects(startWebhook({ namespaces: ['shop', 'shop'] }), /"shop" already exists/);
    assert.equal(await servers(), before);
  });
});

test('close ends all connections, and is what await using calls', async () => {
  let port: number;
  {
    await using webhook = await startWebhook();
    ({ port } = webhook);
    await webhook.admit(pod());
  }
  const asked = Promise.withResolvers<unknown>();
  get({ host: '127.0.0.1', port }, asked.resolve).on('error', asked.reject);
  await assert.rejects(asked.promise, { code: 'ECONNREFUSED' });
});
