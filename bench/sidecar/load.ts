/**
 * The cost of changes for followers of a group: the sidecar and its yardsticks get the same writes at the same time.
 */
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { processorMs } from '../cpu.ts';
import { goMissing } from '../go.ts';
import { memory, stop } from '../processes.ts';
import { type Follower, LOADS, type LoadKind, type LoadMeasured, type LoadResult } from './result.ts';
import {
  type Api,
  read,
  startApi,
  startClientGo,
  startClientNode,
  startRelay,
  startSidecar,
} from './subjects.ts';

export interface LoadForm {
  sizes: readonly number[];
  turns: number;
  /** Writes of a kind, at most. */
  steps: number;
}

export const LOAD_FORMS: Record<'full' | 'short', LoadForm> = {
  full: { sizes: [10, 100, 1000, 10_000], turns: 3, steps: 400 },
  short: { sizes: [10, 100, 1000, 10_000], turns: 1, steps: 60 },
};

const PER_SECOND = 20;
/** The time that garbage collectors take to give memory back. */
const SETTLE_MS = 5000;

export async function measureLoad(form: LoadForm, tell: (sentence: string) => void): Promise<LoadResult> {
  const result: LoadResult = { perSecond: PER_SECOND, measured: [], bytes: [], missing: goMissing() };
  for (let turn = 0; turn < form.turns; turn += 1)
    for (const members of form.sizes) {
      tell(`changes to ${members} members, turn ${turn + 1} of ${form.turns}`);
      await measureSize({ members, turn, steps: form.steps }, result);
    }
  return result;
}

interface Size {
  members: number;
  turn: number;
  steps: number;
}

async function measureSize({ members, turn, steps }: Size, result: LoadResult): Promise<void> {
  const api = await startApi(members);
  const processes = await started(api);
  await delay(SETTLE_MS);
  const rest = processes.map(([, { pid }]) => ({
    anonymous: memory(pid!, 'RssAnon'),
    resident: memory(pid!, 'VmRSS'),
  }));
  for (const [, { pid }] of processes) forgetPeak(pid!);
  const costs = processes.map(() => ({}) as Record<LoadKind, number>);
  let peaks: number[] = [];
  for (const kind of Object.keys(LOADS) as LoadKind[]) {
    const count = stepsOf(kind, members, steps);
    const before = processes.map(([, { pid }]) => processorMs(pid!));
    const { bytes } = await api.load(kind, count, PER_SECOND);
    // In this time the last write is handled, and written to files.
    await delay(1000);
    for (const [index, [, { pid }]] of processes.entries())
      costs[index]![kind] = (processorMs(pid!) - before[index]!) / count;
    if (turn === 0) result.bytes.push({ members, kind, perWrite: bytes / count });
    if (kind === 'flips') peaks = processes.map(([, { pid }]) => memory(pid!, 'VmHWM'));
    if (kind === 'join') await api.leave(count);
  }
  await delay(SETTLE_MS);
  for (const [index, [follower, child]] of processes.entries()) {
    result.measured.push({
      follower,
      members,
      turn,
      cpuMs: costs[index]!,
      restAnonymousBytes: rest[index]!.anonymous,
      restResidentBytes: rest[index]!.resident,
      peakResidentBytes: peaks[index]!,
      afterAnonymousBytes: memory(child.pid!, 'RssAnon'),
    } satisfies LoadMeasured);
    stop(child);
  }
  api.stop();
}

/**
 * Returns the number of steps of a kind, or as many as there is time for: a rolling restart of 10,000 is a thousand
 * writes.
 */
function stepsOf(kind: LoadKind, members: number, most: number): number {
  if (kind === 'rolling') return Math.min(most, Math.ceil(members / 10));
  if (kind === 'join') return Math.min(most, Math.ceil(members / 100));
  return most;
}

/** The sidecar has a reader, as applications are; so has the relay. */
async function started(api: Api): Promise<[Follower, ChildProcess][]> {
  const ours = startSidecar(api, ['--file', 'cluster.conf={hostname}:5432']);
  await snapshotOf(ours.socket);
  const processes: [Follower, ChildProcess][] = [
    ['ours', ours.child],
    ['clientNode', startClientNode(api)],
  ];
  const relay = startRelay(api);
  if (relay === undefined) return processes;
  await snapshotOf(relay.socket);
  return [...processes, ['clientGo', startClientGo(api)], ['relay', relay.child]];
}

async function snapshotOf(socket: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  await read(socket, () => resolve());
  await promise;
}

/** VmHWM is the most since then. */
function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
