/** Every folder of `examples/` on a cluster, as its manifest has it: all at once, and each does what it is for. */

import assert from 'node:assert/strict';
import { after, before, suite, type TestContext, test } from 'node:test';
import { buildExamples, EXAMPLES_IMAGE } from '../examples/image.ts';
import { EXAMPLES } from '../examples/programs.ts';
import { HUNG_MS, RECOVERY_MS } from '../support/deadlines.ts';
import { eventually } from '../support/eventually.ts';
import { RESTRICTED } from './app.ts';
import { chosenCluster } from './cluster.ts';
import { get, kubectl, namespace, rolledOut } from './kubernetes.ts';
import { LOAD, type Load, STOP_FILE } from './proxy-load.ts';

const NAMESPACE = 'e2e-examples';
const IN_NAMESPACE = `--namespace=${NAMESPACE}`;
const MANIFESTS = [
  ...[
    'java-proxy',
    'go',
    'python',
    'node',
    'shell',
    'config-file',
    'haproxy',
    'leader',
    'shard-map',
    'grpc',
  ].map((name) => `${name}/manifest.yaml`),
  'peer-finder-migration/scripts.yaml',
  'peer-finder-migration/after.yaml',
];
/** Some forty containers start at once on the cores of one machine. */
const PATIENCE = { timeoutMs: RECOVERY_MS, everyMs: 1000 };

suite('examples', { timeout: HUNG_MS, concurrency: true }, () => {
  let without = new Map<string, string>();

  before(async () => {
    const cluster = chosenCluster();
    const [built] = await Promise.all([buildExamples(), namespace(NAMESPACE, RESTRICTED)]);
    without = built;
    if (cluster.takesImages) await cluster.load(EXAMPLES_IMAGE);
    const files = MANIFESTS.map((file) => `--filename=${EXAMPLES}${file}`);
    await kubectl('apply', IN_NAMESPACE, ...files);
  });

  // The other tests do not have to share the machine with some thirty pods.
  after(() => kubectl('delete', 'namespace', NAMESPACE, '--wait=false'));

  /** Skips a test whose programs are not in the image, with the reason. */
  const needs = (t: TestContext, part: string): boolean => {
    const reason = without.get(part);
    if (reason !== undefined) t.skip(reason);
    return reason === undefined;
  };

  const scale = (workload: string, replicas: number) =>
    kubectl('scale', workload, `--replicas=${replicas}`, IN_NAMESPACE);
  const logs = async (pod: string, container: string) =>
    (await kubectl('logs', pod, `--container=${container}`, IN_NAMESPACE)).trim().split('\n');
  const podsOf = async (app: string): Promise<string[]> => {
    const { items } = await get('pods', `--selector=app=${app}`, IN_NAMESPACE);
    const running = items.filter(({ metadata }: { metadata: { deletionTimestamp?: string } }) => {
      return metadata.deletionTimestamp === undefined;
    });
    return running.map(({ metadata }: { metadata: { name: string } }) => metadata.name).sort();
  };
  const inPod = (pod: string, container: string, ...command: string[]) =>
    kubectl('exec', pod, `--container=${container}`, IN_NAMESPACE, '--', ...command);

  /** Waits until every pod of the group has said that. */
  const allSay = (app: string, container: string, count: number, line: (pods: string[]) => string) =>
    eventually(
      `${app} ${container}`,
      async () => {
        const pods = await podsOf(app);
        assert.equal(pods.length, count);
        for (const pod of pods) assert.equal((await logs(pod, container)).at(-1), line(pods), pod);
        return pods;
      },
      PATIENCE,
    );

  test('java-proxy: no request is lost while its backends are replaced one by one', async (t) => {
    if (!needs(t, 'java-proxy')) return;
    await rolledOut(NAMESPACE, 'deployment/backend');
    await rolledOut(NAMESPACE, 'deployment/java-proxy');
    const [proxy] = await podsOf('java-proxy');
    const before = await podsOf('backend');
    const running = inPod(proxy!, 'proxy', 'node', '--eval', LOAD);
    await kubectl('rollout', 'restart', 'deployment/backend', IN_NAMESPACE);
    await rolledOut(NAMESPACE, 'deployment/backend');
    await eventually('the end of the old backends', async () => {
      const { items } = await get('pods', '--selector=app=backend', IN_NAMESPACE);
      return items.length === before.length;
    });
    await inPod(proxy!, 'proxy', 'touch', STOP_FILE);
    const load: Load = JSON.parse(await running);
    const now = await podsOf('backend');
    t.diagnostic(`${load.requests} requests, the slowest ${load.slowestMs} ms`);
    assert.deepEqual(load.failures, []);
    assert.ok(load.requests > 200, `${load.requests} requests`);
    for (const pod of [...before, ...now]) assert.ok(load.backends.includes(pod), `${pod} answered none`);
    const said = await logs(proxy!, 'proxy');
    assert.ok(
      said.some((line) => line.startsWith('draining ')),
      'a backend was drained',
    );
    assert.ok(!said.some((line) => line.startsWith('cutting ')), 'no connection was cut');
  });

  for (const [app, container, part] of [
    ['peers-go', 'app', 'go'],
    ['peers-python', 'app', ''],
    ['peers-node', 'with-client', 'rollcall/client'],
  ] as const) {
    test(`${app}: each pod prints both, then who is left`, async (t) => {
      if (!needs(t, part)) return;
      await allSay(app, container, 2, (pods) => `members: ${pods.join(' ')} | fresh`);
      if (app === 'peers-node') await allSay(app, 'plain', 2, (pods) => `members: ${pods.join(' ')} | fresh`);
      await scale(`deployment/${app}`, 1);
      await allSay(app, container, 1, (pods) => `members: ${pods.join(' ')} | fresh`);
    });
  }

  test('shell: a command gets the peers, and again when one leaves', async () => {
    const names = (line: string) => [...line.matchAll(/(\S+)=/g)].map(([, name]) => name);
    const say = (count: number) =>
      eventually(
        `${count} peers`,
        async () => {
          const pods = await podsOf('peers-shell');
          assert.equal(pods.length, count);
          for (const pod of pods) assert.deepEqual(names((await logs(pod, 'app')).at(-1)!), pods);
          return true;
        },
        PATIENCE,
      );
    await say(2);
    await scale('deployment/peers-shell', 1);
    await say(1);
  });

  const rows = (app: string, count: number, port: number) =>
    Array.from({ length: count }, (_, i) => `${app}-${i}.${app}.${NAMESPACE}.svc.cluster.local:${port}`);

  test('config-file: no server begins with a file that lacks the others, and the file follows', async () => {
    await rolledOut(NAMESPACE, 'statefulset/conf');
    for (const pod of await podsOf('conf')) {
      const first = (await logs(pod, 'server')).find((line) => line.startsWith('peers:'));
      assert.equal(first, `peers: ${rows('conf', 3, 8848).join(' ')}`);
    }
    await scale('statefulset/conf', 2);
    await allSay('conf', 'server', 2, () => `peers: ${rows('conf', 2, 8848).join(' ')}`);
  });

  test('haproxy: the servers follow the pods by reloads, and no request fails meanwhile', async (t) => {
    await rolledOut(NAMESPACE, 'deployment/web');
    await rolledOut(NAMESPACE, 'deployment/haproxy');
    const [haproxy] = await podsOf('haproxy');
    const running = inPod(haproxy!, 'haproxy', 'node', '--eval', LOAD.replaceAll('wait=9000', 'wait=1000'));
    await kubectl('rollout', 'restart', 'deployment/web', IN_NAMESPACE);
    await rolledOut(NAMESPACE, 'deployment/web');
    const now = await podsOf('web');
    await eventually('the end of the old servers', async () => {
      const { items } = await get('pods', '--selector=app=web', IN_NAMESPACE);
      return items.length === now.length;
    });
    await inPod(haproxy!, 'haproxy', 'touch', STOP_FILE);
    const load: Load = JSON.parse(await running);
    t.diagnostic(`${load.requests} requests, the slowest ${load.slowestMs} ms`);
    assert.deepEqual(load.failures, []);
    for (const pod of now) assert.ok(load.backends.includes(pod), `${pod} answered none`);
  });

  test('peer-finder-migration: the same scripts, run by the sidecar', async () => {
    await rolledOut(NAMESPACE, 'statefulset/store');
    await eventually(
      'both peers in store-0',
      async () => {
        const text = await inPod('store-0', 'store', 'cat', '/run/rollcall/peers.conf');
        assert.deepEqual(text.trim().split('\n'), rows('store', 2, 7000));
        return true;
      },
      PATIENCE,
    );
  });

  test('leader: the lowest ordinal leads, the next one when it is gone, and the first again when it is back', async (t) => {
    if (!needs(t, 'rollcall/client')) return;
    await rolledOut(NAMESPACE, 'statefulset/leader');
    const says = (pod: string, line: string) =>
      eventually(
        `"${line}" of ${pod}`,
        async () => {
          const said = (await logs(pod, 'app')).filter((one) => one.startsWith('leader:'));
          assert.equal(said.at(-1), line);
          return said;
        },
        PATIENCE,
      );
    await says('leader-0', 'leader: leader-0 | this pod');
    await says('leader-1', 'leader: leader-0 | another');
    await kubectl('delete', 'pod', 'leader-0', IN_NAMESPACE);
    await rolledOut(NAMESPACE, 'statefulset/leader');
    await says('leader-0', 'leader: leader-0 | this pod');
    const said = await says('leader-1', 'leader: leader-0 | another');
    assert.ok(said.includes('leader: leader-1 | this pod'), said.join('\n'));
  });

  test('shard-map: only the keys of the member that left are moved', async () => {
    await rolledOut(NAMESPACE, 'statefulset/shards');
    const last = async (word: string) =>
      (await logs('shards-0', 'app')).findLast((line) => line.startsWith(word)) ?? '';
    const counts = (line: string) => [...line.matchAll(/=(\d+)/g)].map(([, count]) => Number(count));
    await eventually('three shards', async () => counts(await last('shards:')).length === 3, PATIENCE);
    const leaving = counts(await last('shards:'))[2]!;
    await scale('statefulset/shards', 2);
    await eventually('two shards', async () => counts(await last('shards:')).length === 2, PATIENCE);
    const share = `${(leaving / 100).toFixed(1)}%`;
    assert.equal(await last('moved'), `moved ${share} of the keys; at least 33.3% must move`);
  });

  test('grpc: new backends are called as soon as they are ready, and leaving ones lose no call', async (t) => {
    if (!needs(t, 'grpc in Go') || !needs(t, 'grpc in Node')) return;
    await rolledOut(NAMESPACE, 'deployment/grpc-server');
    await rolledOut(NAMESPACE, 'deployment/grpc-client');
    const answeredBy = async (count: number) => {
      const [client] = await podsOf('grpc-client');
      for (const container of ['go', 'node']) {
        await eventually(
          `${count} backends for ${container}`,
          async () => {
            const line = (await logs(client!, container)).findLast((one) => one.startsWith('answered'));
            assert.match(line ?? 'nothing', new RegExp(`^answered by ${count}: .*; failed 0$`));
            return true;
          },
          PATIENCE,
        );
      }
    };
    await answeredBy(2);
    await scale('deployment/grpc-server', 3);
    await answeredBy(3);
    await scale('deployment/grpc-server', 1);
    await answeredBy(1);
    const [client] = await podsOf('grpc-client');
    for (const container of ['go', 'node']) {
      const said = await logs(client!, container);
      // The client may have been there for longer than it waits, before the first server was ready.
      const served = said.slice(said.findIndex((line) => line.startsWith('answered by 2:')) + 1);
      const failed = served.filter((line) => !line.endsWith('failed 0'));
      assert.deepEqual(failed, [], container);
    }
  });
});
