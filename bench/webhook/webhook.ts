/**
 * `npm run bench -- webhook`: what a review costs, as reviews for each second of CPU time that the whole process
 * of the server spends, next to other webhooks that make the same decision and the same patch.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { goMissing } from '../go.ts';
import { memory, stop } from '../processes.ts';
import { type Bodies, prepareBodies } from './bodies.ts';
import { type Case, caseName, type Form } from './cases.ts';
import { type ClusterDouble, startClusterDouble } from './cluster-double.ts';
import { load } from './load.ts';
import type { Measured, Memory, WebhookResult } from './result.ts';
import { SUBJECTS, type SubjectName } from './subject-names.ts';
import { type Subject, startSubject } from './subjects.ts';

type Tell = (sentence: string) => void;

/** Runs the webhook part; tells the reason and returns undefined where it can't run. */
export async function webhookBench(form: Form, tell: Tell): Promise<WebhookResult | undefined> {
  const reason = goMissing();
  if (reason !== undefined) {
    tell(`webhook: not measured, since the load generator is a Go program: ${reason}`);
    return undefined;
  }
  const cluster = await startClusterDouble();
  const { subjects, missing } = await startAll(form.subjects, cluster, tell);
  try {
    const idle = await idleMemory(subjects);
    const { bodies, differences } = await prepareBodies(subjects);
    await warmUp(subjects, bodies, form);
    const { api, measured } = await measureAll(form, subjects, bodies, cluster, tell);
    const after = await memoryAfter(form, subjects, bodies, idle, tell);
    return { measured, memory: after, api, differences, missing };
  } finally {
    for (const { started } of subjects) stop(started.child);
    cluster.stop();
  }
}

async function startAll(names: readonly SubjectName[], cluster: ClusterDouble, tell: Tell) {
  const subjects: Subject[] = [];
  const missing: Record<string, string> = {};
  for (const name of names) {
    try {
      tell(`starting ${SUBJECTS[name]}`);
      subjects.push(await startSubject(name, cluster));
    } catch (error) {
      // Nothing can be compared without our webhook.
      if (name === 'ours') throw error;
      missing[name] = (error as Error).message;
      tell(`${SUBJECTS[name]} is left out: ${missing[name]}`);
    }
  }
  return { subjects, missing };
}

/** The time that a runtime needs to come to rest after its start. */
const REST_MS = 3000;

async function idleMemory(subjects: readonly Subject[]): Promise<Map<SubjectName, number>> {
  await delay(REST_MS);
  return new Map(subjects.map(({ name, pid }) => [name, memory(pid, 'VmRSS')]));
}

/**
 * The CPU time for each input of the warm-up. They run the same code, so that each runtime has compiled it by the end.
 */
const WARM_CPU_SECONDS = 2;

async function warmUp(subjects: readonly Subject[], bodies: Bodies, form: Form): Promise<void> {
  const inputs = new Map(form.cases.map((one) => [`${one.size} ${one.outcome}`, one]));
  for (const subject of subjects) {
    for (const one of inputs.values()) await ask(subject, bodies, one, WARM_CPU_SECONDS);
  }
}

/** The longest warm-up, since a server gets less of its core on a machine that others use as well. */
const LONGEST_S = 5;

function ask(
  subject: Subject,
  bodies: Bodies,
  { size, outcome, kept, concurrency }: Case,
  cpuSeconds: number,
) {
  const floor = subject.name === 'https' || subject.name === 'express';
  const expect = floor ? 'any' : outcome === 'injecting' ? 'patch' : 'none';
  const bodyFile = bodies(subject, size, outcome);
  return load(subject, { bodyFile, kept, concurrency, cpuSeconds, seconds: LONGEST_S, expect });
}

async function measureAll(
  form: Form,
  subjects: readonly Subject[],
  bodies: Bodies,
  cluster: ClusterDouble,
  tell: Tell,
) {
  const measured: Measured[] = [];
  const before = await cluster.requests();
  for (let turn = 0; turn < form.turns; turn += 1) {
    tell(`turn ${turn + 1} of ${form.turns}`);
    for (const one of form.cases) {
      for (const subject of rotated(subjects, turn)) {
        const { reviews, seconds, cpuSeconds, p50Ms, p99Ms } = await ask(
          subject,
          bodies,
          one,
          form.cpuSeconds,
        );
        const perCpuSecond = reviews / cpuSeconds;
        const times = { reviews, seconds, cpuSeconds, perCpuSecond, p50Ms, p99Ms };
        measured.push({ subject: subject.name, turn, ...one, ...times });
      }
    }
  }
  const requests = difference(before, await cluster.requests());
  const reviews = measured
    .filter(({ subject }) => subject === 'ours')
    .reduce((sum, one) => sum + one.reviews, 0);
  return { measured, api: { reviews, requests } };
}

/** Returns the list rotated, so that the first in one turn is the last in another. */
function rotated<T>(all: readonly T[], by: number): T[] {
  const first = by % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}

function difference(before: Record<string, number>, now: Record<string, number>): Record<string, number> {
  const grown = Object.entries(now).map(([what, count]) => [what, count - (before[what] ?? 0)] as const);
  // Requests of Pepr to its own store are not counted.
  return Object.fromEntries(grown.filter(([what, count]) => count > 0 && !what.includes('pepr')));
}

/** Memory is read this often, to see whether it is flat. */
const STEPS = 10;

async function memoryAfter(
  { reviews, cases }: Form,
  subjects: readonly Subject[],
  bodies: Bodies,
  idle: Map<SubjectName, number>,
  tell: Tell,
): Promise<Memory[]> {
  const all: Memory[] = [];
  const one = cases.find(({ size, outcome }) => size === 6 && outcome === 'injecting')!;
  for (const subject of subjects.filter(({ name }) => name === 'ours' || name === 'go')) {
    tell(`memory of ${SUBJECTS[subject.name]} after ${reviews} reviews of ${caseName(one)}`);
    const after: Memory['after'] = [];
    const bodyFile = bodies(subject, 6, 'injecting');
    for (let step = 1; step <= STEPS; step += 1) {
      await load(subject, {
        bodyFile,
        kept: true,
        concurrency: 8,
        reviews: reviews / STEPS,
        expect: 'patch',
      });
      after.push({ reviews: (reviews / STEPS) * step, bytes: memory(subject.pid, 'VmRSS') });
    }
    all.push({ subject: subject.name, idleBytes: idle.get(subject.name)!, after });
  }
  return all;
}
