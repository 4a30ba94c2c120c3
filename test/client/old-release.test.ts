/**
 * Version 0.1.0, which people have in their images, and this one: a client of either follows a sidecar of the other, and
 * both tell the same members, whatever is switched on.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { connect } from '../../src/client/client.ts';
import { watchGroup } from '../../src/client/watch-group.ts';
import type { ApiObject } from '../../src/testing/api/objects.ts';
import { endpointSlice, podEndpoint, slicePath } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { type KubernetesDouble, kubernetesDouble } from '../support/kubernetes-double.ts';
import { sourcesOf010 } from '../support/old-release.ts';
import { startSidecar } from '../support/rollcall.ts';

/** The parts of a followed group that both versions have. */
type Followed = Pick<
  ReturnType<typeof connect>,
  'members' | 'stale' | 'reason' | 'revision' | 'epoch' | 'hello' | 'ready' | 'close' | 'on'
>;

const DEADLINE = '2026-08-01T12:00:45Z';
const SCALE = '/apis/apps/v1/namespaces/default/statefulsets/db/scale';
const podsPath = (name = '') => `/api/v1/namespaces/default/pods/${name}`.replace(/\/$/, '');

/** Pods, the Services of two namespaces that have them as endpoints, and a workload that says how many there are to be. */
class Shop {
  readonly api: KubernetesDouble;
  readonly #uids = new Map<string, string>();

  constructor(api: KubernetesDouble) {
    this.api = api;
    this.expect(2);
    for (const name of ['db-0', 'db-1']) this.pod(name);
    for (const { namespace, slice } of this.#slices(['db-0', 'db-1']))
      api.create(slicePath(namespace), slice);
  }

  uid(name: string): string {
    return this.#uids.get(name)!;
  }

  expect(replicas: number): void {
    const body = {
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { name: 'db' },
      spec: { replicas },
    };
    this.api.fault(({ path }) => (path === SCALE ? { status: 200, body } : undefined));
  }

  pod(name: string): void {
    const { metadata } = this.api.create(podsPath(), podOf(name));
    this.#uids.set(name, metadata!.uid!);
  }

  /** Lets the Services have these pods, of which one may terminate. */
  serve(names: readonly string[], terminating?: string): void {
    for (const { namespace, slice } of this.#slices(names, terminating))
      this.api.replace(slicePath(namespace, slice.metadata!.name), slice);
  }

  #slices(names: readonly string[], terminating?: string): { namespace: string; slice: ApiObject }[] {
    const endpoints = names.map((name) =>
      podEndpoint({
        name,
        uid: this.uid(name),
        ip: `10.0.0.${name.at(-1)}`,
        zone: 'zone-b',
        terminating: name === terminating,
      }),
    );
    return PLACES.map(([namespace, service]) => ({
      namespace,
      slice: endpointSlice({ namespace, service, name: `${service}-a`, endpoints }),
    }));
  }
}

const PLACES = [
  ['default', 'db'],
  ['team-b', 'tcp'],
] as const;

function podOf(name: string, metadata: Record<string, unknown> = {}): ApiObject {
  return {
    metadata: {
      name,
      namespace: 'default',
      labels: { app: 'db', role: 'primary' },
      ...metadata,
    },
    spec: { nodeName: 'node-a' },
    status: {
      phase: 'Running',
      podIPs: [{ ip: `10.0.0.${name.at(-1)}` }],
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  };
}

async function shop(t: TestContext): Promise<Shop> {
  const api = await kubernetesDouble(t);
  return new Shop(api);
}

/** Returns the sources of 0.1.0; says why the test is skipped where they are not there. */
function old(t: TestContext): string | undefined {
  const folder = sourcesOf010(t);
  if (folder === undefined) t.skip('the history of the repository is not there, as in a shallow clone');
  return folder;
}

/** Returns the client of 0.1.0. */
async function oldClient(folder: string): Promise<typeof connect> {
  return (await import(pathToFileURL(join(folder, 'src/watcher/client.ts')).href)).connect;
}

/** Returns a group that ends with the test, and every end of a connection that it had. */
function followed<G extends Followed>(t: TestContext, group: G): { group: G; ends: string[] } {
  t.after(() => group.close());
  const ends: string[] = [];
  group.on('disconnect', ({ message }) => ends.push(message));
  return { group, ends };
}

const settled = { timeoutMs: 15_000, everyMs: 10 };

/** Waits until the sidecar knows the members of the group, and that so many are expected. */
async function known(t: TestContext, path: string, expected: number): Promise<void> {
  const group = connect(path);
  t.after(() => group.close());
  await group.ready();
  await eventually(`${expected} expected`, () => group.expected === expected, settled);
  group.close();
}

suite('0.1.0 and this version', () => {
  test('a client of 0.1.0 tells the same members as this one, of a sidecar with everything switched on', async (t) => {
    const folder = old(t);
    if (folder === undefined) return;
    const followOld = await oldClient(folder);
    const cluster = await shop(t);
    const sidecar = await startSidecar(t, {
      server: cluster.api.url,
      namespace: 'default',
      service: 'db',
      'pod-name': 'db-0',
      'pod-uid': cluster.uid('db-0'),
      'node-name': 'node-a',
      zone: 'zone-b',
      expected: 'statefulset db',
      'member-labels': 'role',
      'wait-for': 'all ready',
      file: 'primary.conf={name} where label:role=primary',
      group: ['far=service tcp in team-b', 'workers=pods app=db'],
      'wait-for-group': ['far=2 ready', 'workers=all'],
      'expected-of-group': ['far=2', 'workers=statefulset db'],
      'member-labels-of-group': ['workers=role'],
      'group-file': ['far.upstream.conf=server {ipv4}'],
    });
    await sidecar.process.port();
    const sockets = ['', 'far', 'workers'].map((name) => join(sidecar.directory, name, 'members.sock'));
    // A hello says what is known at that moment, so both have to come after it is known, to be told the same.
    for (const path of sockets) await known(t, path, 2);
    const pairs = sockets.map((path) => ({
      before: followed(t, followOld(path)),
      now: followed(t, connect(path)),
    }));
    for (const { before, now } of pairs) await Promise.all([before.group.ready(), now.group.ready()]);
    const first = pairs[0]!;

    /** Waits until the new clients know what `knows` looks for; then the old ones tell the same. */
    const alike = (what: string, knows: (group: ReturnType<typeof connect>) => boolean, of = pairs) =>
      eventually(
        what,
        () => {
          for (const { before, now } of of) {
            assert.ok(knows(now.group), `${what} of ${JSON.stringify(now.group.hello?.group)}`);
            assert.deepEqual(before.group.members, now.group.members);
            assert.deepEqual(
              [before.group.revision, before.group.stale, before.group.reason, before.group.hello],
              [now.group.revision, now.group.stale, now.group.reason, now.group.hello],
            );
          }
          return true;
        },
        settled,
      );
    const one = ({ group }: { group: Followed }, name: string) =>
      [...group.members.values()].find((member) => member.name === name);

    await alike('two members', ({ members }) => members.size === 2);
    assert.deepEqual(
      one(first.before, 'db-0')?.labels,
      { role: 'primary' },
      'what it does not know it passes on',
    );
    assert.deepEqual(first.before.group.hello?.self, {
      uid: cluster.uid('db-0'),
      name: 'db-0',
      node: 'node-a',
      zone: 'zone-b',
    });
    await eventually(
      'how many are expected of each group',
      () => pairs.every(({ now }) => now.group.expected === 2),
      settled,
    );
    assert.deepEqual(one(pairs[2]!.before, 'db-0')?.labels, { role: 'primary' });

    cluster.expect(3);
    cluster.pod('db-2');
    cluster.serve(['db-0', 'db-1', 'db-2']);
    await alike('a third member', ({ members }) => members.size === 3);
    await alike('a third that is expected', ({ expected }) => expected === 3, [first, pairs[2]!]);

    cluster.api.replace(podsPath('db-1'), podOf('db-1', { deletionTimestamp: DEADLINE }));
    cluster.serve(['db-0', 'db-1', 'db-2'], 'db-1');
    const ending = ({ members }: Followed) => [...members.values()].some(({ terminating }) => terminating);
    await alike('one that terminates', ending);
    await eventually('its deadline', () => one(first.before, 'db-1')?.deadline === DEADLINE, settled);
    cluster.api.delete(podsPath('db-1'));
    cluster.serve(['db-0', 'db-2']);
    await alike('it is gone', ({ members }) => members.size === 2);

    // A heartbeat says the revision, by which a reader finds that it has missed a line.
    await new Promise((resolve) => setTimeout(resolve, 1000 * first.now.group.hello!.heartbeatSeconds + 500));
    await cluster.api.stop();
    await alike('nobody can be asked', ({ stale }) => stale);
    await alike('nobody left by it', ({ members }) => members.size === 2);
    assert.deepEqual(
      pairs.flatMap(({ before, now }) => [...before.ends, ...now.ends]),
      [],
      'no line was one for which a client connects again',
    );
  });

  test('this client tells the same members as that of 0.1.0, of a sidecar of 0.1.0', async (t) => {
    const folder = old(t);
    if (folder === undefined) return;
    const cluster = await shop(t);
    const flags = {
      server: cluster.api.url,
      namespace: 'default',
      service: 'db',
      'pod-uid': cluster.uid('db-0'),
    };
    const { socket, process: sidecar } = await startSidecar(t, flags, join(folder, 'src/main.ts'));
    await sidecar.port();
    const before = followed(t, (await oldClient(folder))(socket));
    const now = followed(t, connect(socket));
    await Promise.all([before.group.ready(), now.group.ready()]);
    const alike = (what: string, size: number) =>
      eventually(
        what,
        () => {
          assert.equal(now.group.members.size, size);
          assert.deepEqual(before.group.members, now.group.members);
          assert.equal(before.group.revision, now.group.revision);
          return true;
        },
        settled,
      );
    await alike('two members', 2);
    assert.deepEqual([now.group.self?.name, now.group.expected, now.group.stale], ['db-0', null, false]);
    cluster.pod('db-2');
    cluster.serve(['db-0', 'db-1', 'db-2']);
    await alike('three members', 3);
    assert.deepEqual([...before.ends, ...now.ends], []);
  });

  test('the watcher of 0.1.0 and this one tell the same members of the same API', async (t) => {
    const folder = old(t);
    if (folder === undefined) return;
    const watchOld: typeof watchGroup = (
      await import(pathToFileURL(join(folder, 'src/watcher/index.ts')).href)
    ).watchGroup;
    const cluster = await shop(t);
    const options = { server: cluster.api.url, namespace: 'default', clusterDomain: 'cluster.test' };
    for (const what of [{ service: 'db' }, { selector: 'app=db' }]) {
      const before = followed(t, watchOld({ ...options, ...what, self: { name: 'db-0' } }));
      const now = followed(t, watchGroup({ ...options, ...what, self: { name: 'db-0' } }));
      await Promise.all([before.group.ready(), now.group.ready()]);
      assert.equal(now.group.members.size, 2);
      assert.deepEqual(before.group.members, now.group.members);
    }
  });
});
