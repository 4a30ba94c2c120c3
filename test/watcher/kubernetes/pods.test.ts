import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiObject } from '../../../src/testing/api/objects.ts';
import { podMembers, pods } from '../../../src/watcher/kubernetes/pods.ts';
import { kubernetesSource } from '../../../src/watcher/kubernetes/reflector.ts';
import { silent } from '../../../src/watcher/log.ts';
import { Watch } from '../../../src/watcher/watch.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { bookmark, errorEvent, event, ScriptedApi } from '../../support/scripted-api.ts';
import { Recorder } from '../followed-group.ts';

const group = { namespace: 'prod', selector: 'app=db,tier in (data)' };
const perspective = { group, clusterDomain: 'cluster.local' };

interface PodFields {
  metadata?: object;
  spec?: object;
  status?: object;
}

/** A running and ready pod `db-0` of uid `u0`; the fields given take the place of its own. */
function pod({ metadata, spec, status }: PodFields = {}): ApiObject {
  return {
    metadata: { name: 'db-0', namespace: 'prod', uid: 'u0', ...metadata },
    spec: { nodeName: 'node-1', containers: [{ name: 'db' }], ...spec },
    status: {
      phase: 'Running',
      podIP: '10.1.0.1',
      podIPs: [{ ip: '10.1.0.1' }],
      conditions: [{ type: 'Ready', status: 'True' }],
      ...status,
    },
  };
}

const memberOf = (fields?: PodFields, self?: { uid?: string; name?: string }) =>
  podMembers(pod(fields), { ...perspective, self })[0];

test('a StatefulSet pod with all that it says', () => {
  const member = memberOf(
    {
      metadata: { name: 'db-12', labels: { app: 'db', 'topology.kubernetes.io/zone': 'eu-1a' } },
      spec: {
        hostname: 'db-12',
        subdomain: 'peers',
        nodeName: 'node-7',
        hostNetwork: true,
        containers: [{ ports: [{ name: 'sql', containerPort: 5432 }] }, { ports: null }],
      },
      status: { podIPs: [{ ip: '10.1.0.1' }, { ip: 'fd00::1' }] },
    },
    { uid: 'u0' },
  );
  assert.deepEqual(member, {
    uid: 'u0',
    name: 'db-12',
    namespace: 'prod',
    ordinal: 12,
    hostname: 'db-12.peers.prod.svc.cluster.local',
    addresses: ['10.1.0.1', 'fd00::1'],
    ports: { sql: 5432 },
    node: 'node-7',
    zone: 'eu-1a',
    ready: true,
    serving: true,
    terminating: false,
    self: true,
  });
});

test('what a pod does not say, its member does not have', () => {
  assert.deepEqual(memberOf({ metadata: { name: 'web' }, spec: { nodeName: undefined, containers: null } }), {
    uid: 'u0',
    name: 'web',
    namespace: 'prod',
    addresses: ['10.1.0.1'],
    ports: {},
    ready: true,
    serving: true,
    terminating: false,
  });
});

test('a pod that is being deleted has a deadline, and members have the labels that were asked for', () => {
  const labels = { role: 'primary', tier: 'data', empty: '', bad: 'no spaces' };
  const metadata = { deletionTimestamp: '2026-11-26T05:00:30Z', labels };
  const told = (memberLabels: readonly string[], given: object) =>
    podMembers(pod({ metadata: given }), { ...perspective, memberLabels })[0];
  const one = told(['role', 'empty', 'bad', 'constructor', 'app.kubernetes.io/version'], metadata);
  assert.deepEqual([one?.deadline, one?.terminating], ['2026-11-26T05:00:30Z', true]);
  assert.deepEqual(one?.labels, { role: 'primary', empty: '' });
  const other = told([], { ...metadata, deletionTimestamp: 'soon' });
  assert.deepEqual([other?.deadline, other?.labels, other?.terminating], [undefined, undefined, true]);
  assert.ok(!('labels' in told(['role'], {})!));
});

test('a pod that has ended is no member, though its status keeps its address', () => {
  for (const phase of ['Failed', 'Succeeded'])
    assert.equal(memberOf({ status: { phase } }), undefined, phase);
});

test('a pod is no member before it has an address', () => {
  const status = { phase: 'Pending', podIP: undefined, podIPs: undefined };
  assert.equal(memberOf({ status }), undefined);
  assert.equal(memberOf({ status: { ...status, podIP: '', podIPs: [] } }), undefined);
  assert.equal(podMembers({ metadata: { name: 'x', uid: 'u' } } as ApiObject, perspective).length, 0);
});

test('every address counts, the primary first, whatever family that is', () => {
  const addresses = (status: object) => memberOf({ status })?.addresses;
  const both = [{ ip: 'fd00::1' }, { ip: '10.1.0.1' }];
  assert.deepEqual(addresses({ podIP: 'fd00::1', podIPs: both }), ['fd00::1', '10.1.0.1']);
  assert.deepEqual(addresses({ podIP: '10.1.0.9', podIPs: null }), ['10.1.0.9']);
});

test('ready and serving follow the Ready condition, and a pod that terminates may serve but is not ready', () => {
  const state = (status: string | undefined, deletionTimestamp?: string) => {
    const conditions =
      status === undefined
        ? null
        : [
            { type: 'PodScheduled', status: 'True' },
            { type: 'Ready', status },
          ];
    const member = memberOf({ metadata: { deletionTimestamp }, status: { conditions } });
    return [member?.ready, member?.serving, member?.terminating];
  };
  assert.deepEqual(state('True'), [true, true, false]);
  assert.deepEqual(state('False'), [false, false, false]);
  assert.deepEqual(state('Unknown'), [false, false, false]);
  assert.deepEqual(state(undefined), [false, false, false]);
  assert.deepEqual(state('True', '2026-08-01T12:00:00Z'), [false, true, true]);
  assert.deepEqual(state('False', '2026-08-01T12:00:00Z'), [false, false, true]);
});

test('ports are those with a name, and the first container has the word on a name', () => {
  const containers = [
    {
      ports: [
        { containerPort: 9000 },
        { name: '', containerPort: 9001 },
        { name: 'peer', containerPort: 7000 },
      ],
    },
    {
      ports: [
        { name: 'peer', containerPort: 7999 },
        { name: 'constructor', containerPort: 1 },
      ],
    },
  ];
  assert.deepEqual(memberOf({ spec: { containers } })?.ports, { peer: 7000, constructor: 1 });
});

test('a hostname takes both a hostname and a subdomain', () => {
  const hostname = (spec: object) => memberOf({ spec })?.hostname;
  assert.equal(hostname({ hostname: 'db-0' }), undefined);
  assert.equal(hostname({ subdomain: 'peers' }), undefined);
  assert.equal(hostname({ hostname: 'a', subdomain: 'b' }), 'a.b.prod.svc.cluster.local');
});

test('the random end of a Deployment pod is no ordinal', () => {
  const ordinal = (name: string, spec: object = {}) => memberOf({ metadata: { name }, spec })?.ordinal;
  assert.equal(ordinal('web-5d4f-24689'), undefined);
  assert.equal(ordinal('db-3'), 3);
  assert.equal(ordinal('db-24689', { hostname: 'db-24689', subdomain: 'db' }), 24689);
});

test('self goes by uid where that is known, else by name', () => {
  assert.equal(memberOf({}, { uid: 'another', name: 'db-0' })?.self, undefined);
  assert.equal(memberOf({}, { name: 'db-0' })?.self, true);
});

test('a pod without a uid is no pod that anything can be concluded from', () => {
  assert.throws(() => memberOf({ metadata: { uid: undefined } }), /without a name or a uid/);
});

/** A watch of the pods against a scripted API. */
function follow() {
  const api = new ScriptedApi();
  const clock = new FakeClock();
  const output = new Recorder();
  const watch = new Watch({ source: kubernetesSource(pods(perspective), api, clock, silent), group, clock });
  watch.add(output);
  void watch.run();
  const named = () => [...watch.members.values()].map(({ name, uid }) => `${name}/${uid}`).sort();
  return { api, clock, output, watch, named };
}

async function synced(followed: ReturnType<typeof follow>, ...listed: ApiObject[]) {
  const call = await followed.api.next();
  call.head().events(...listed.map((one) => event('ADDED', one, '7')), bookmark('100', true));
  await settle();
  return call;
}

const as = (type: 'ADDED' | 'MODIFIED' | 'DELETED', fields: PodFields, version: string) =>
  event(type, pod(fields), version);

test('pods are listed by their selector, and hello says by which', async () => {
  const followed = follow();
  const call = await followed.api.next();
  assert.equal(call.url.pathname, '/api/v1/namespaces/prod/pods');
  assert.equal(call.query('labelSelector'), group.selector);
  const { group: told, source } = followed.watch.hello();
  assert.deepEqual([told, source], [group, 'pods']);
});

test('a selector that chooses nobody is the truth, not a doubt', async () => {
  const followed = follow();
  await synced(followed);
  assert.deepEqual([followed.watch.synced, followed.watch.stale, followed.named()], [true, false, []]);
});

test('a pod joins with its first address and leaves when it has ended, before it is deleted', async () => {
  const followed = follow();
  const call = await synced(followed, pod({ status: { phase: 'Pending', podIP: undefined, podIPs: null } }));
  assert.deepEqual(followed.named(), []);
  call.events(as('MODIFIED', { status: { conditions: [] } }, '101'));
  await followed.clock.advance(20);
  assert.deepEqual(followed.named(), ['db-0/u0']);
  call.events(as('MODIFIED', { status: { phase: 'Failed' } }, '102'));
  await followed.clock.advance(20);
  assert.deepEqual(followed.named(), []);
  call.events(as('DELETED', { status: { phase: 'Failed' } }, '103'));
  await followed.clock.advance(20);
  assert.equal(followed.output.deltas.length, 2);
});

test('an address that a new pod has from an ended one is the new one’s alone', async () => {
  const followed = follow();
  const ended = pod({ metadata: { name: 'job-a', uid: 'ua' }, status: { phase: 'Failed' } });
  await synced(followed, ended, pod({ metadata: { name: 'job-b', uid: 'ub' } }));
  assert.deepEqual(followed.named(), ['job-b/ub']);
  assert.deepEqual(followed.watch.members.get('ub')?.addresses, ['10.1.0.1']);
});

test('a pod that terminates stays a member until it is gone', async () => {
  const followed = follow();
  const call = await synced(followed, pod());
  const metadata = { deletionTimestamp: '2026-08-01T12:00:00Z' };
  call.events(as('MODIFIED', { metadata }, '101'));
  await followed.clock.advance(20);
  assert.equal(followed.output.deltas[0]?.changed[0]?.terminating, true);
  call.events(as('DELETED', { metadata }, '102'));
  await followed.clock.advance(20);
  assert.deepEqual(
    followed.output.deltas.map(({ left }) => left.length),
    [0, 1],
  );
});

test('the same name with another uid is a departure and a join in one line, also across a relist', async () => {
  const followed = follow();
  const call = await synced(followed, pod());
  call.events(as('DELETED', {}, '101'), as('ADDED', { metadata: { uid: 'u1' } }, '102'));
  await followed.clock.advance(20);
  call.events(errorEvent(410, 'Expired'));
  const relist = await followed.api.next();
  relist.head().events(as('ADDED', { metadata: { uid: 'u2' } }, '200'), bookmark('201', true));
  await followed.clock.advance(20);
  assert.deepEqual(
    followed.output.deltas.map(({ left, joined }) => [left[0]?.uid, joined[0]?.uid]),
    [
      ['u0', 'u1'],
      ['u1', 'u2'],
    ],
  );
});

test('a pod that moves out of the selector leaves', async () => {
  const followed = follow();
  const call = await synced(followed, pod());
  call.events(as('DELETED', { metadata: { labels: { app: 'other' } } }, '101'));
  await followed.clock.advance(20);
  assert.deepEqual(
    followed.output.deltas[0]?.left.map(({ uid }) => uid),
    ['u0'],
  );
});

test('an object of another kind or of another namespace is not counted, and ends the watch', async () => {
  const elsewhere = pod({ metadata: { namespace: 'other', name: 'db-9', uid: 'u9' } });
  for (const strange of [{ ...pod(), kind: 'Service' }, elsewhere]) {
    const [api, clock] = [new ScriptedApi(), new FakeClock()];
    const source = kubernetesSource(pods(perspective), api, clock, silent);
    const watch = new Watch({ source, group, clock });
    const stop = new AbortController();
    const done = watch.run(stop.signal);
    const call = await api.next();
    call.head().events(event('ADDED', { ...pod(), kind: 'Pod' }, '5'), bookmark('6', true));
    await settle();
    call.events(event('MODIFIED', strange, '7'));
    await settle();
    assert.deepEqual([[...watch.members.keys()], call.closed], [['u0'], true]);
    stop.abort();
    await clock.advance(1000);
    await done;
  }
});
