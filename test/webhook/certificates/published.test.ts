/** The certificates of a whole replica, in a Secret and a configuration of the API double. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Metrics } from '../../../src/metrics.ts';
import { silent } from '../../../src/watcher/log.ts';
import { isStatus } from '../../../src/webhook/api/api.ts';
import { issue } from '../../../src/webhook/certificates/issue.ts';
import { CertificateKeeper } from '../../../src/webhook/certificates/keeper.ts';
import { bundles, watchedBundles } from '../../../src/webhook/certificates/publish.ts';
import { SelfManaged } from '../../../src/webhook/certificates/self-managed.ts';
import type { KeyPair } from '../../../src/webhook/certificates/source.ts';
import { contentOf, dataOf, secretStore } from '../../../src/webhook/certificates/store.ts';
import { type Connected, connected, writes } from '../connected-client.ts';
import { days, HOSTS, legacy, pair } from './pairs.ts';

const SECRETS = '/api/v1/namespaces/rollcall-system/secrets';
const SECRET = `${SECRETS}/rollcall-tls`;
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
/** The looks of an overlap, which is an hour otherwise. */
const OVERLAP_LOOKS = 5;
const CONFIGURATION = `${CONFIGURATIONS}/rollcall`;

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

/** The configuration as it is deployed, without any bundle. */
async function start(t: TestContext): Promise<Connected> {
  const both = await connected(t);
  const webhooks = [entry('pods.rollcall.dev'), entry('namespaces.rollcall.dev')];
  both.api.create(CONFIGURATIONS, { metadata: { name: 'rollcall' }, webhooks });
  return both;
}

class Replica {
  served: KeyPair | undefined;
  /** The number of times that the first pair waited for API servers. */
  settled = 0;
  #ended: (() => void) | undefined;
  #next: (() => void) | undefined;
  #keeper: CertificateKeeper;

  constructor({ client }: Connected, hosts = HOSTS) {
    const store = secretStore(client, 'rollcall-system', 'rollcall-tls');
    const source = new SelfManaged(store, hosts, silent, OVERLAP_LOOKS);
    const configuration = bundles(client, 'rollcall');
    const wait = () => {
      this.#ended?.();
      return new Promise<void>((resolve) => {
        this.#next = resolve;
      });
    };
    this.#keeper = new CertificateKeeper({
      source,
      configuration,
      hosts,
      log: silent,
      metrics: new Metrics(),
      wait,
      settle: async () => {
        this.settled += 1;
      },
    });
  }

  async start(): Promise<KeyPair> {
    const ended = this.#end();
    void this.#keeper
      .start((pair) => {
        this.served = pair;
      })
      .then((first) => {
        this.served ??= first;
      });
    await ended;
    // The first pair is told after the wait for the next look has begun.
    await new Promise(setImmediate);
    return this.served!;
  }

  /** A minute passes. */
  async look(times = 1): Promise<void> {
    for (let looks = 0; looks < times; looks += 1) {
      const ended = this.#end();
      this.#next?.();
      await ended;
    }
  }

  #end(): Promise<void> {
    return new Promise((resolve) => {
      this.#ended = resolve;
    });
  }
}

async function started(both: Connected): Promise<Replica> {
  const replica = new Replica(both);
  await replica.start();
  return replica;
}

// biome-ignore lint/suspicious/noExplicitAny: webhooks are looked into freely here
const webhooksOf = ({ api }: Connected) => api.get(CONFIGURATION)!.webhooks as any[];
const bundlesOf = (both: Connected) =>
  webhooksOf(both).map(({ clientConfig }) => Buffer.from(clientConfig.caBundle, 'base64').toString());
const content = ({ api }: Connected) => contentOf(api.get(SECRET)?.data as Record<string, unknown>);
const put = ({ api }: Connected, data: Record<string, string>) =>
  api.create(SECRETS, { metadata: { name: 'rollcall-tls' }, type: 'kubernetes.io/tls', data });

test('the first replica issues, stores, publishes, and only then serves', async (t) => {
  const both = await start(t);
  const { served } = await started(both);
  assert.deepEqual(content(both).serving, served);
  assert.equal(both.api.get(SECRET)?.type, 'kubernetes.io/tls');
  assert.deepEqual(bundlesOf(both), [served!.cert, served!.cert]);
  assert.deepEqual(writes(both), [`POST ${SECRETS}`, `PATCH ${CONFIGURATION}`]);
});

test('what is published is the bundle and nothing else', async (t) => {
  const both = await start(t);
  const before = structuredClone(webhooksOf(both));
  await started(both);
  const after = webhooksOf(both).map(({ clientConfig: { caBundle: _, ...rest }, ...others }) => ({
    ...others,
    clientConfig: rest,
  }));
  assert.deepEqual(after, before);
});

test('several replicas that start at once end with one certificate', async (t) => {
  const both = await start(t);
  const replicas = await Promise.all([started(both), started(both), started(both)]);
  const served = replicas[0]?.served;
  assert.deepEqual(
    replicas.map((replica) => replica.served),
    [served, served, served],
  );
  assert.deepEqual(content(both).serving, served);
  assert.deepEqual(bundlesOf(both), [served!.cert, served!.cert]);
});

test('the next start takes what is stored and writes nothing', async (t) => {
  const both = await start(t);
  const { served } = await started(both);
  const before = writes(both);
  const next = await started(both);
  assert.deepEqual(next.served, served);
  await next.look(3);
  assert.deepEqual(writes(both), before);
});

/** Asserts that every bundle trusts what each replica serves; it must hold at any moment. */
function assertTrusted(both: Connected, replicas: readonly Replica[], issuer?: string): void {
  for (const bundle of bundlesOf(both)) {
    for (const { served } of replicas) {
      assert.ok(bundle.includes(served!.cert) || (issuer !== undefined && bundle.includes(issuer)));
    }
  }
}

test('two replicas that keep no step go through a renewal, and all that is served is always trusted', async (t) => {
  const both = await start(t);
  const old = await issue(HOSTS, days(-250));
  put(both, dataOf({ serving: old, next: undefined, trusted: [old.cert], caKey: undefined }));
  const replicas = [await started(both), await started(both)];
  assert.deepEqual(
    replicas.map(({ served }) => served),
    [old, old],
  );
  const { next } = content(both);
  const seen = new Set<string>();
  for (let minute = 0; minute < 2 * OVERLAP_LOOKS + 5; minute += 1) {
    for (const replica of replicas) {
      await replica.look();
      assertTrusted(both, replicas);
      seen.add(bundlesOf(both)[0]!);
    }
  }
  assert.deepEqual(
    replicas.map(({ served }) => served),
    [next, next],
  );
  assert.deepEqual([...seen], [old.cert + next!.cert, next!.cert]);
});

test("a Secret of 0.1.0 is taken over: the CA's key goes, and all that is served is always trusted", async (t) => {
  const both = await start(t);
  const old = await legacy();
  put(both, dataOf(old));
  const replicas = [await started(both), await started(both)];
  assert.deepEqual(replicas[0]!.served, old.serving);
  for (let minute = 0; minute < 2 * OVERLAP_LOOKS + 5; minute += 1) {
    for (const replica of replicas) {
      await replica.look();
      assertTrusted(both, replicas, old.trusted[0]);
    }
  }
  const { serving } = content(both);
  assert.deepEqual(
    replicas.map(({ served }) => served),
    [serving, serving],
  );
  assert.deepEqual(Object.keys(both.api.get(SECRET)!.data as object).sort(), [
    'ca.crt',
    'tls.crt',
    'tls.key',
  ]);
  assert.deepEqual(bundlesOf(both), [serving!.cert, serving!.cert]);
});

test('a Secret that is damaged while replicas run is replaced, and what they serve stays trusted', async (t) => {
  const both = await start(t);
  const replicas = [await started(both), await started(both)];
  const before = replicas[0]!.served;
  const other = await pair();
  for (const damage of [{ 'tls.key': '' }, { 'tls.key': Buffer.from(other.key).toString('base64') }]) {
    const { data, ...secret } = both.api.get(SECRET)!;
    both.api.replace(SECRETS, { ...secret, data: { ...(data as object), ...damage } });
    for (let minute = 0; minute < 3; minute += 1) {
      for (const replica of replicas) {
        await replica.look();
        assertTrusted(both, replicas);
      }
    }
    assert.deepEqual(replicas[0]!.served, content(both).serving);
    assert.deepEqual(replicas[1]!.served, replicas[0]!.served);
  }
  assert.notDeepEqual(replicas[0]!.served, before);
});

test('a Secret that is deleted is made again by a replica that just started, and others go on', async (t) => {
  const both = await start(t);
  const running = await started(both);
  const before = running.served;
  both.api.delete(SECRET);
  const newcomer = await started(both);
  assert.notDeepEqual(newcomer.served, before);
  assert.deepEqual([running.settled, newcomer.settled], [0, 1], 'API servers that call are waited for');
  assertTrusted(both, [running, newcomer]);
  await running.look(2);
  assert.deepEqual(running.served, newcomer.served);
});

test('what others wrote on the Secret stays, and so does its type', async (t) => {
  const both = await start(t);
  const labels = { team: 'platform' };
  both.api.create(SECRETS, { metadata: { name: 'rollcall-tls', labels }, type: 'Opaque' });
  await started(both);
  const { type, metadata } = both.api.get(SECRET)!;
  assert.deepEqual([type, metadata?.labels], ['Opaque', labels]);
});

test('a bundle that somebody took away is published again', async (t) => {
  const both = await start(t);
  const replica = await started(both);
  both.api.replace(CONFIGURATIONS, {
    metadata: { name: 'rollcall' },
    webhooks: [entry('pods.rollcall.dev')],
  });
  await replica.look();
  assert.deepEqual(bundlesOf(both), [replica.served!.cert]);
});

test('a Secret that takes no certificate is an error that says what to do', async (t) => {
  const both = await start(t);
  both.api.create(SECRETS, {
    metadata: { name: 'rollcall-tls' },
    type: 'kubernetes.io/basic-auth',
    data: {},
  });
  const store = secretStore(both.client, 'rollcall-system', 'rollcall-tls');
  const stored = await store.load();
  const message = 'data[username]: Required value';
  both.api.fault(({ method }) =>
    method === 'PUT' ? { status: 422, body: { kind: 'Status', code: 422, message } } : undefined,
  );
  const serving = await issue(HOSTS, days(0));
  const content = { serving, next: undefined, trusted: [serving.cert], caKey: undefined };
  await assert.rejects(
    () => store.save(content, stored),
    /^Error: the Secret rollcall-tls takes no certificate; delete it, and a replica makes another: .*Required value/,
  );
});

test('somebody who overwrites what was published is told each time, and no other change is', async (t) => {
  const both = await start(t);
  let told = 0;
  const { publish } = bundles(both.client, 'rollcall', () => {
    told += 1;
  });
  const [one, two] = [await pair(), await pair()];
  for (const trusted of [[one.cert], [one.cert, two.cert], [two.cert, one.cert], [two.cert]]) {
    await publish(trusted);
    await publish(trusted);
  }
  assert.equal(told, 0);
  for (const times of [1, 2]) {
    const webhooks = [entry('pods.rollcall.dev', { caBundle: Buffer.from(one.cert).toString('base64') })];
    both.api.replace(CONFIGURATIONS, { metadata: { name: 'rollcall' }, webhooks });
    assert.equal(await publish([two.cert]), true);
    assert.equal(told, times);
  }
});

test('an API server that is away at the start is asked again', async (t) => {
  const both = await start(t);
  let faults = 1;
  both.api.fault(() => (faults-- > 0 ? { status: 503 } : undefined));
  const replica = await started(both);
  assert.equal(replica.served, undefined);
  await replica.look();
  await new Promise(setImmediate);
  assert.deepEqual(bundlesOf(both), [replica.served!.cert, replica.served!.cert]);
});

test('only entries that lack the bundle are written to, and none when none does', async (t) => {
  const both = await start(t);
  const { publish, read } = bundles(both.client, 'rollcall');
  const [one, two] = [await pair(), await pair()];
  const trusted = [one.cert, two.cert];
  // Another order, other spaces and a comment are the same trust.
  const spelled = `# by hand\r\n${two.cert.trim()}\r\n\n${one.cert}`;
  const webhooks = [
    entry('has', { caBundle: Buffer.from(spelled).toString('base64') }),
    entry('lacks', { caBundle: Buffer.from(two.cert).toString('base64') }),
    entry('broken', { caBundle: 'b2xk' }),
  ];
  both.api.replace(CONFIGURATIONS, { metadata: { name: 'rollcall' }, webhooks });
  assert.deepEqual(await read(), [two.cert, one.cert]);
  assert.equal(await publish(trusted), true);
  assert.deepEqual(bundlesOf(both), [spelled, trusted.join(''), trusted.join('')]);
  assert.equal(await publish(trusted), false);
  assert.deepEqual(writes(both), [`PATCH ${CONFIGURATION}`]);
  assert.equal(await publish([two.cert]), true, 'one more than is wanted is no longer trusted');
  assert.deepEqual(bundlesOf(both), [two.cert, two.cert, two.cert]);
  await assert.rejects(bundles(both.client, 'absent').publish(trusted), (error) => isStatus(error, 404));
});

test('of two who save from the same state one is told that it came second', async (t) => {
  const both = await start(t);
  const store = secretStore(both.client, 'rollcall-system', 'rollcall-tls');
  const state = async (made: Promise<KeyPair>) => {
    const serving = await made;
    return { serving, next: undefined, trusted: [serving.cert], caKey: undefined };
  };
  const [one, two] = [await state(pair()), await state(pair())];
  assert.equal(await store.load(), undefined);
  assert.equal(await store.save(one, undefined), true);
  assert.equal(await store.save(one, undefined), false);
  const before = await store.load();
  assert.deepEqual(before?.content, one);
  assert.equal(await store.save(two, before), true);
  assert.equal(await store.save(one, before), false);
  assert.deepEqual((await store.load())?.content, two);
  both.api.delete(SECRET);
  assert.equal(await store.save(one, before), false, 'one that was deleted meanwhile');
});

test('a bundle that cert-manager is told to write is not written, which is said', async (t) => {
  const both = await start(t);
  const running = await started(both);
  const configuration = both.api.get(CONFIGURATION)!;
  const annotations = { 'cert-manager.io/inject-ca-from': 'rollcall-system/rollcall' };
  both.api.replace(CONFIGURATION, {
    ...configuration,
    metadata: { ...configuration.metadata, annotations },
  });
  const certificates = bundles(both.client, 'rollcall');
  assert.equal(await certificates.publish([running.served!.cert]), false, 'nothing has to be written');
  await assert.rejects(
    certificates.publish([(await pair()).cert]),
    /annotation cert-manager\.io\/inject-ca-from, .*remove it, or start with --certificates cert-manager$/,
  );
});

test('of bundles that somebody else writes only what every entry trusts counts, and none is written', async (t) => {
  const both = await start(t);
  const [one, two] = [await pair(), await pair()];
  const caBundle = (...pairs: KeyPair[]) =>
    Buffer.from(pairs.map(({ cert }) => cert).join('')).toString('base64');
  const webhooks = [
    entry('pods.rollcall.dev', { caBundle: caBundle(one, two) }),
    entry('namespaces.rollcall.dev', { caBundle: caBundle(two) }),
  ];
  both.api.replace(CONFIGURATION, { metadata: { name: 'rollcall' }, webhooks });
  const watched = watchedBundles(both.client, 'rollcall');
  assert.deepEqual(await watched.read(), [two.cert]);
  assert.equal(await watched.publish([one.cert]), false);
  assert.deepEqual(writes(both), []);
  both.api.replace(CONFIGURATION, { metadata: { name: 'rollcall' }, webhooks: [entry('pods.rollcall.dev')] });
  assert.deepEqual(await watched.read(), []);
});
