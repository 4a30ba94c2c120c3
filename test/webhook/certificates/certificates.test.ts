import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { silent } from '../../../src/watcher/log.ts';
import { CertificateKeeper } from '../../../src/webhook/certificates/certificates.ts';
import { type Certificates, expiry, renew } from '../../../src/webhook/certificates/issue.ts';
import { publish } from '../../../src/webhook/certificates/publish.ts';
import { Store } from '../../../src/webhook/certificates/store.ts';
import { isStatus, kubernetesClient } from '../../../src/webhook/kubernetes-client.ts';
import { eventually } from '../../support/eventually.ts';
import type { KubernetesObject } from '../../support/kubernetes-store.ts';
import { type Connected, connected, writes } from '../connected-client.ts';

const SECRETS = '/api/v1/namespaces/rollcall-system/secrets';
const SECRET = `${SECRETS}/rollcall-tls`;
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
const CONFIGURATION = `${CONFIGURATIONS}/rollcall`;
const HOSTS = ['localhost', '127.0.0.1'];

function entry(name: string, clientConfig: object = {}) {
  const service = { namespace: 'rollcall-system', name: 'rollcall', path: '/mutate', port: 443 };
  return {
    name,
    clientConfig: { service, ...clientConfig },
    failurePolicy: 'Fail',
    timeoutSeconds: 5,
    sideEffects: 'NoneOnDryRun',
    admissionReviewVersions: ['v1'],
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
    matchConditions: [{ name: 'asks', expression: 'true' }],
  };
}

/** The configuration as it is deployed, without any CA. */
async function start(t: TestContext): Promise<Connected> {
  const both = await connected(t);
  const webhooks = [entry('pods.rollcall.dev'), entry('namespaces.rollcall.dev')];
  both.api.create(CONFIGURATIONS, { metadata: { name: 'rollcall' }, webhooks });
  return both;
}

function keeper({ kubeconfig }: Connected, hosts = HOSTS): CertificateKeeper {
  return new CertificateKeeper({
    client: kubernetesClient(kubeconfig),
    log: silent,
    namespace: 'rollcall-system',
    secret: 'rollcall-tls',
    configuration: 'rollcall',
    hosts,
  });
}

// biome-ignore lint/suspicious/noExplicitAny: webhooks are looked into freely here
const webhooksOf = ({ api }: Connected) => api.get(CONFIGURATION)!.webhooks as any[];
const bundles = (both: Connected) =>
  webhooksOf(both).map(({ clientConfig }) => Buffer.from(clientConfig.caBundle, 'base64').toString());

function stored({ api }: Connected): Certificates {
  const { data } = api.get(SECRET) as { data: Record<string, string> };
  const text = (name: string) => Buffer.from(data[name]!, 'base64').toString();
  return { ca: text('ca.crt'), caKey: text('ca.key'), cert: text('tls.crt'), key: text('tls.key') };
}

function secretOf(certificates: Certificates): KubernetesObject {
  const { ca, caKey, cert, key } = certificates;
  const texts = { 'ca.crt': ca, 'ca.key': caKey, 'tls.crt': cert, 'tls.key': key };
  const data = Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, Buffer.from(text).toString('base64')]),
  );
  return { metadata: { name: 'rollcall-tls' }, type: 'kubernetes.io/tls', data };
}

test('the first replica issues, stores, publishes, and only then serves', async (t) => {
  const both = await start(t);
  const certificates = await keeper(both).start(() => {});
  assert.deepEqual(stored(both), certificates);
  assert.equal(both.api.get(SECRET)?.type, 'kubernetes.io/tls');
  assert.deepEqual(bundles(both), [certificates.ca, certificates.ca]);
  assert.deepEqual(writes(both), [`POST ${SECRETS}`, `PATCH ${CONFIGURATION}`]);
});

test('what is published is the bundle and nothing else', async (t) => {
  const both = await start(t);
  const before = structuredClone(webhooksOf(both));
  await keeper(both).start(() => {});
  const after = webhooksOf(both).map(({ clientConfig: { caBundle: _, ...rest }, ...others }) => ({
    ...others,
    clientConfig: rest,
  }));
  assert.deepEqual(after, before);
});

test('two replicas that start at once end with one CA and one leaf', async (t) => {
  const both = await start(t);
  const [one, two] = await Promise.all([keeper(both).start(() => {}), keeper(both).start(() => {})]);
  assert.deepEqual(one, two);
  assert.deepEqual(stored(both), one);
  assert.deepEqual(bundles(both), [one.ca, one.ca]);
});

test('the next start takes what is stored and writes nothing', async (t) => {
  const both = await start(t);
  const certificates = await keeper(both).start(() => {});
  const before = writes(both);
  const again = keeper(both);
  assert.deepEqual(await again.start(() => {}), certificates);
  assert.deepEqual(writes(both), before);
  assert.equal(again.expirySeconds(), expiry(certificates).getTime() / 1000);
});

test('a new name is covered by a new leaf of the same CA, which need not be published again', async (t) => {
  const both = await start(t);
  const { ca, cert } = await keeper(both).start(() => {});
  const next = await keeper(both, [...HOSTS, 'other.svc']).start(() => {});
  assert.equal(next.ca, ca);
  assert.notEqual(next.cert, cert);
  assert.deepEqual(writes(both).slice(2), [`PUT ${SECRET}`]);
});

test('a secret that is damaged or half empty is replaced', async (t) => {
  const both = await start(t);
  const { data } = secretOf(await renew(undefined, HOSTS, new Date())) as { data: Record<string, string> };
  for (const damage of [{ 'tls.key': '' }, { 'ca.crt': 'bm90aGluZw==' }]) {
    both.api.create(SECRETS, { metadata: { name: 'rollcall-tls' }, data: { ...data, ...damage } });
    const certificates = await keeper(both).start(() => {});
    assert.deepEqual(stored(both), certificates);
    assert.deepEqual(bundles(both), [certificates.ca, certificates.ca]);
    both.api.delete(SECRET);
  }
});

test('what another replica renewed is served within a minute, and only then', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const both = await start(t);
  const served: Certificates[] = [];
  const first = await keeper(both).start((certificates) => served.push(certificates));
  const look = async () => {
    const before = both.api.requests.length;
    t.mock.timers.tick(60_000);
    await eventually('look', () => both.api.requests.length >= before + 2, { everyMs: 5 });
  };
  await look();
  assert.deepEqual(served, [], 'nothing has changed');
  const renewed = await renew({ ...first, cert: '' }, HOSTS, new Date());
  both.api.replace(SECRETS, secretOf(renewed));
  t.mock.timers.tick(60_000);
  await eventually('renewal', () => served.length === 1, { everyMs: 5 });
  assert.deepEqual(served, [renewed]);
});

test('a bundle that somebody took away is published again', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const both = await start(t);
  const { ca } = await keeper(both).start(() => assert.fail('nothing new to serve'));
  both.api.replace(CONFIGURATIONS, {
    metadata: { name: 'rollcall' },
    webhooks: [entry('pods.rollcall.dev')],
  });
  t.mock.timers.tick(60_000);
  await eventually('bundle', () => webhooksOf(both)[0].clientConfig.caBundle !== undefined, { everyMs: 5 });
  assert.deepEqual(bundles(both), [ca]);
});

test('an API server that is away at the start is asked again', async (t) => {
  const both = await start(t);
  let faults = 1;
  both.api.fault(() => (faults-- > 0 ? { status: 503 } : undefined));
  const certificates = await keeper(both).start(() => {});
  assert.deepEqual(bundles(both), [certificates.ca, certificates.ca]);
});

test('only entries that lack the bundle are written to, and none when none does', async (t) => {
  const both = await start(t);
  const caBundle = Buffer.from('CA').toString('base64');
  const webhooks = [entry('has', { caBundle }), entry('lacks', { caBundle: 'b2xk' })];
  both.api.replace(CONFIGURATIONS, { metadata: { name: 'rollcall' }, webhooks });
  assert.equal(await publish(both.client, 'rollcall', 'CA'), true);
  assert.deepEqual(bundles(both), ['CA', 'CA']);
  assert.equal(await publish(both.client, 'rollcall', 'CA'), false);
  assert.deepEqual(writes(both), [`PATCH ${CONFIGURATION}`]);
  await assert.rejects(publish(both.client, 'absent', 'CA'), (error) => isStatus(error, 404));
});

test('of two who save from the same state one is told that it came second', async (t) => {
  const both = await start(t);
  const store = new Store(both.client, 'rollcall-system', 'rollcall-tls');
  const one = await renew(undefined, HOSTS, new Date());
  assert.equal(await store.load(), undefined);
  assert.equal(await store.save(one, undefined), true);
  assert.equal(await store.save(one, undefined), false);
  const before = await store.load();
  assert.deepEqual(before?.certificates, one);
  const two = await renew({ ...one, cert: '' }, HOSTS, new Date());
  assert.equal(await store.save(two, before), true);
  assert.equal(await store.save(one, before), false);
  assert.deepEqual((await store.load())?.certificates, two);
});
