/**
 * Scene 3: three sidecars follow the group, and an application beside each reads its socket.
 */
import { setTimeout } from 'node:timers/promises';
import type { ApiObject } from '../../src/testing/api/objects.ts';
import type { Delta, Member } from '../../src/watcher/protocol.ts';
import { eventually } from '../support/eventually.ts';
import { createGroup, type Group, type GroupPod } from './group.ts';
import { agrees, deltasSince, type Peer, startPeer } from './peer.ts';
import type { Stage } from './stage.ts';
import { fact, milliseconds, print, seconds } from './terminal.ts';
import { createTimeline, type Timeline } from './timeline.ts';

interface Scene {
  stage: Stage;
  group: Group;
  timeline: Timeline;
  /** The peers that still run. */
  peers: Peer[];
  /** Milliseconds that the slowest change so far took to reach all of them. */
  slowest: number;
}

/** The time that the API stays away: longer than a hiccup, shorter than an audience waits. */
const AWAY_MS = 2000;
/** Far more than it takes, and far less than polling would. */
const LATENCY_LIMIT_MS = 1000;
/** The longest that a sidecar sleeps on when the API is back: its fifth backoff is up to 12.8 s, and hardly ever due. */
const WAIT_MS = 13_000;

/** `admitted` is the pod as the webhook left it: the sidecars run with the settings found there. */
export async function membersComeAndGo(stage: Stage, admitted: ApiObject): Promise<void> {
  const group = createGroup(stage.api);
  group.add(3);
  const began = performance.now();
  const peers = await Promise.all(group.pods.map((pod) => startPeer(stage, pod, admitted)));
  fact(
    'sidecars',
    `3 processes, each read by its application ${milliseconds(performance.now() - began)} later`,
  );
  fact('db-0 reads', peers[0]!.socket);
  print();
  const scene: Scene = { stage, group, timeline: createTimeline(), peers, slowest: 0 };
  await theyKnowEachOther(scene);
  await twoJoin(scene);
  await oneRestarts(scene);
  await threeLeave(scene);
  checkLatency(scene);
  await theApiGoesAway(scene);
  checkLines(stage, peers);
  await checkFiles(scene);
  for (const { application } of peers) application.close();
}

async function theyKnowEachOther({ stage, group, timeline, peers }: Scene): Promise<void> {
  const [first] = peers;
  for (const line of first!.application.lines) timeline.show('db-0', line);
  timeline.follow('db-0', first!.application);
  const same = peers.every((peer) => agrees(peer, group));
  stage.check('three applications read the same three members', same, held(peers));
  const selves = peers.every(({ pod, application }) => application.members.get(pod.uid)?.self === true);
  stage.check('each application is told which member it is', selves, held(peers));
}

async function twoJoin(scene: Scene): Promise<void> {
  const starting = await change(scene, 'scale from 3 to 5: two pods start', (group) => group.add(2, false));
  const joined = (delta: Delta) => names(delta.joined) === 'db-3 db-4' && count(delta) === 2;
  scene.stage.check('scale from 3 to 5: one line, two joined', every(starting, joined), starting);

  const ready = await change(scene, 'both become ready', (group) => {
    group.mark((pod) => !pod.ready, { ready: true });
  });
  const changed = (delta: Delta) => names(delta.changed) === 'db-3 db-4' && count(delta) === 2;
  scene.stage.check('they become ready: one line, two changed', every(ready, changed), ready);
}

async function oneRestarts(scene: Scene): Promise<void> {
  const before = scene.group.pods[1]!.uid;
  const deltas = await change(scene, 'db-1 restarts: same name, new uid', (group) => group.restart('db-1'));
  const after = scene.group.pods[1]!.uid;
  const replaced = (delta: Delta) =>
    delta.left[0]?.uid === before && delta.joined[0]?.uid === after && count(delta) === 2;
  scene.stage.check(
    'a restart: the old left, the new joined, never changed',
    every(deltas, replaced),
    deltas,
  );
}

async function threeLeave(scene: Scene): Promise<void> {
  const { stage, timeline, peers } = scene;
  const isLeaving = (pod: GroupPod) => ['db-2', 'db-3', 'db-4'].includes(pod.name);
  const marking = await change(scene, 'scale from 5 to 2: three pods terminate', (group) => {
    group.mark(isLeaving, { ready: false, terminating: true });
  });
  const terminating = (delta: Delta) =>
    count(delta) === 3 && delta.changed.every((member) => member.terminating && !member.ready);

  const leaver = peers[2]!;
  timeline.follow('db-2', leaver.application);
  await timeline.event(
    'node',
    'SIGTERM to the sidecar of db-2, 1 s of grace',
    () => leaver.sidecar.signal('SIGTERM'),
    async () => {
      await leaver.application.until('end of the stream', ({ ended }) => ended, WAIT_MS);
    },
  );
  const bye = leaver.application.lines.at(-1)?.type === 'bye';
  stage.check('a sidecar that stops says bye', bye, leaver.application.lines.at(-1));
  scene.peers = peers.slice(0, 2);

  const removing = await change(scene, 'the three pods are gone', (group) => group.remove(isLeaving));
  const left = (delta: Delta) => names(delta.left) === 'db-2 db-3 db-4' && count(delta) === 3;
  const both = every(marking, terminating) && every(removing, left);
  stage.check('scale from 5 to 2: three terminate, then the three left', both, [marking, removing]);
}

function checkLatency({ stage, slowest }: Scene): void {
  const limit = seconds(LATENCY_LIMIT_MS);
  const what = `every change reached every application within ${limit} (slowest: ${milliseconds(slowest)})`;
  stage.check(what, slowest < LATENCY_LIMIT_MS);
}

async function theApiGoesAway(scene: Scene): Promise<void> {
  const { stage, group, timeline, peers } = scene;
  const before = held(peers);
  const marks = peers.map(({ application }) => application.lines.length);
  const stale = (value: boolean) => () =>
    Promise.all(
      peers.map(({ application }) => application.until(`stale ${value}`, (a) => a.stale === value, WAIT_MS)),
    );

  await timeline.event('API', `goes away for ${seconds(AWAY_MS)}`, () => stage.api.stop(), stale(true));
  await setTimeout(AWAY_MS);
  const kept = peers.every(
    (peer, index) => peer.application.stale && deltasSince(peer, marks[index]!).length === 0,
  );
  stage.check('the API is away: stale, and every member stays', kept && held(peers) === before, held(peers));

  const missed = group.pods[1]!.uid;
  group.restart('db-1');
  await timeline.event(
    'API',
    'comes back; db-1 has restarted meanwhile',
    () => stage.api.start(),
    async () => {
      await stale(false)();
      await agreement(scene);
    },
  );
  const caughtUp = peers.every((peer, index) =>
    deltasSince(peer, marks[index]!).some(({ left }) => left[0]?.uid === missed),
  );
  stage.check('the API is back: no longer stale, and what was missed is told', caughtUp, held(peers));
}

function checkLines(stage: Stage, peers: Peer[]): void {
  const broken = peers.flatMap(({ application }) => application.violations);
  const lines = peers.reduce((sum, { application }) => sum + application.lines.length, 0);
  stage.check(`all ${lines} lines keep the protocol: no gap, no duplicate`, broken.length === 0, broken);
}

/** The file is written beside the stream, not before it, so it is given a moment. */
async function checkFiles({ stage, peers }: Scene): Promise<void> {
  const same = ({ file, application }: Peer) => {
    const { revision, members } = file();
    return revision === application.revision && names(members) === application.names().join(' ');
  };
  const settled = await eventually('members.json', () => peers.every(same), {
    timeoutMs: 2000,
    everyMs: 20,
  }).catch(() => false);
  stage.check(
    'members.json holds what the stream said',
    settled,
    peers.map(({ file }) => file()),
  );
}

/** One change of the group, and the deltas that each application read because of it. */
async function change(scene: Scene, what: string, act: (group: Group) => void): Promise<Delta[][]> {
  const marks = scene.peers.map(({ application }) => application.lines.length);
  const took = await scene.timeline.event(
    'API',
    what,
    () => act(scene.group),
    () => agreement(scene),
  );
  scene.slowest = Math.max(scene.slowest, took);
  return scene.peers.map((peer, index) => deltasSince(peer, marks[index]!));
}

function agreement({ peers, group }: Scene): Promise<unknown> {
  const wait = (peer: Peer) =>
    peer.application.until('the group as it is', () => agrees(peer, group), WAIT_MS);
  return Promise.all(peers.map(wait));
}

/** True when every application read exactly one line, and that is as it should be. */
function every(deltas: Delta[][], right: (delta: Delta) => boolean): boolean {
  return deltas.every((read) => read.length === 1 && read.every(right));
}

function names(members: Member[]): string {
  return members
    .map(({ name }) => name)
    .sort()
    .join(' ');
}

function count({ left, joined, changed }: Delta): number {
  return left.length + joined.length + changed.length;
}

function held(peers: Peer[]): string {
  return peers
    .map(({ pod, application }) => `${pod.name} holds ${application.holds().join(', ')}`)
    .join('; ');
}
