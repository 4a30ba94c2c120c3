/** Results as a run has them, with numbers that are easy to check. */
import type { ClusterResult } from '../../bench/cluster/result.ts';
import type { ScaleResult } from '../../bench/scale/result.ts';
import type { Follower, SidecarResult } from '../../bench/sidecar/result.ts';
import { spread } from '../../bench/statistics.ts';
import type { Form } from '../../bench/webhook/cases.ts';
import type { WebhookResult } from '../../bench/webhook/result.ts';
import type { SubjectName } from '../../bench/webhook/subject-names.ts';

/** Ours does half of what each of the others does, in twice the time. */
export function webhookResult({
  cases,
  subjects,
  turns,
}: Pick<Form, 'cases' | 'subjects' | 'turns'>): WebhookResult {
  const measured = Array.from({ length: turns }, (_, turn) => turn).flatMap((turn) =>
    cases.flatMap((one) => subjects.map((subject) => ({ ...one, subject, turn, ...numbers(subject, turn) }))),
  );
  const after = [1, 2, 3, 4].map((step) => ({ reviews: step * 1000, bytes: step * 10e6 }));
  return {
    measured,
    memory: [{ subject: 'ours', idleBytes: 80e6, after }],
    api: { reviews: 100, requests: { 'GET v1/namespaces/bench': 50 } },
    differences: {},
    missing: {},
  };
}

function numbers(subject: SubjectName, turn: number) {
  const slow = subject === 'ours' ? 2 : 1;
  const perCpuSecond = (1000 * (turn + 1)) / slow;
  const rest = { reviews: perCpuSecond / 2, seconds: 1, cpuSeconds: 0.5 };
  return { ...rest, perCpuSecond, p50Ms: slow, p99Ms: 10 * slow };
}

export function clusterResult(): ClusterResult {
  const measured = (['single', 'steady', 'new'] as const).flatMap((phase) =>
    (['none', 'ours', 'go'] as const).map((mode) => ({
      mode,
      phase,
      turn: 0,
      pods: 10,
      podsPerSecond: 100,
      p50Ms: mode === 'ours' ? 12 : 10,
      p99Ms: 20,
      addedMs: mode === 'none' ? 0 : mode === 'ours' ? 3 : 2,
      requests: (mode === 'ours' ? { 'get namespaces': 5 } : {}) as Record<string, number>,
    })),
  );
  return { measured };
}

export function sidecarResult(): SidecarResult {
  return {
    idleNodeBytes: spread([8e6]),
    memory: [10, 1000].map((members) => ({ members, bytes: spread([16e6, 17e6, 18e6]) })),
    startMs: spread([90]),
    latency: { sidecar: { p50Ms: 0.3, p99Ms: 0.6 }, relay: { p50Ms: 0.2, p99Ms: 0.4 } },
  };
}

/** Returns a result of the load part, in which the sidecar costs twice what the others do. */
export function loadedSidecarResult(): SidecarResult {
  const followers: Follower[] = ['ours', 'clientNode', 'clientGo', 'relay'];
  const measured = [10, 1000].flatMap((members) =>
    followers.map((follower) => {
      const cost = follower === 'ours' ? 2 : 1;
      return {
        follower,
        members,
        turn: 0,
        cpuMs: { flips: cost, replacements: cost, rolling: cost, join: cost },
        restAnonymousBytes: 15e6,
        restResidentBytes: 60e6,
        peakResidentBytes: 75e6,
        afterAnonymousBytes: 16e6,
      };
    }),
  );
  const bytes = [10, 1000].map((members) => ({ members, kind: 'flips' as const, perWrite: 30_000 }));
  return { ...sidecarResult(), load: { perSecond: 20, measured, bytes, missing: undefined } };
}

/** A change costs 0.1 ms a watcher, a listed slice 0.5 ms, and a resume 1 ms. */
export function scaleResult(): ScaleResult {
  const measured = [10, 1000].flatMap((members) => {
    const slices = Math.ceil(members / 100);
    const row = { members, turn: 0, seconds: 1, refused: 0 };
    return [
      {
        ...row,
        phase: 'open' as const,
        cpuSeconds: members * slices * 0.0005,
        bytes: members * slices * 30_000,
      },
      { ...row, phase: 'change' as const, cpuSeconds: members * 0.0001, bytes: members * 30_000 },
      { ...row, phase: 'resume' as const, cpuSeconds: members * 0.001, bytes: 0 },
      { ...row, phase: 'relist' as const, cpuSeconds: members * 0.0005, bytes: members * slices * 30_000 },
      { ...row, phase: 'restart' as const, bytes: 0 },
    ];
  });
  return { kubernetes: 'v1.99.0', measured, sliceBytes: 30_000 };
}

export const facts = {
  date: '2026-11-02T10:00',
  version: '1.2.3',
  commit: 'abcdef0',
  cores: 2,
  cpu: 'a CPU',
  memoryGB: 24,
  kernel: 'a kernel',
  node: 'v24.0.0',
  go: 'go1.26',
  pinned: true,
  load: 0.5,
};
