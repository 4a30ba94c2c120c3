/**
 * `npm run bench -- scale`: what N watchers of a group of N cost a real API server. The watchers are the sidecar's
 * own list and watch, many in a process, and keep nothing; what is measured is the server.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { WatchedGroup } from '../../test/api/watched-group.ts';
import { type ControlPlane, startControlPlane } from '../../test/support/control-plane.ts';
import { findAssets } from '../../test/support/control-plane-binaries.ts';
import { install } from '../../test/support/deployment.ts';
import type { PodEndpoint } from '../../test/support/endpoint-slices.ts';
import { type Counts, LightWatchers } from '../../test/support/light-watchers.ts';
import { cpuSeconds } from '../cpu.ts';
import type { Phase, ScaleMeasured, ScaleResult } from './result.ts';

const FORMS = {
  full: { sizes: [10, 30, 100, 300, 1000], turns: 3, changes: 10 },
  short: { sizes: [10, 100, 300, 1000], turns: 1, changes: 5 },
} as const;
const SERVICE = 'app';
/** The endpoints of a slice, by the default of the endpoint slice controller. */
const SLICE = 100;
/** The longest time of a phase. A watcher that was refused waits for up to 30 s, and the machine is busy. */
const LIMIT_MS = 180_000;
/** Long enough to tell what the server spends on itself. */
const IDLE_MS = 3000;

export async function scaleBench(
  form: keyof typeof FORMS,
  tell: (sentence: string) => void,
): Promise<ScaleResult | undefined> {
  const missing = await findAssets().then(
    () => undefined,
    (error: Error) => error.message,
  );
  if (missing !== undefined) {
    tell(`scale: not measured: ${missing}`);
    return undefined;
  }
  const plane = await startControlPlane();
  const { sizes, turns, changes } = FORMS[form];
  const measured: ScaleMeasured[] = [];
  try {
    await install(plane);
    const { gitVersion } = await plane.must('GET', '/version');
    for (let turn = 0; turn < turns; turn += 1)
      for (const members of sizes) {
        tell(`turn ${turn + 1} of ${turns}, ${members} members`);
        const group = new WatchedGroup(plane, `scale-${members}`);
        if (turn === 0) await fill(group, members);
        measured.push(...(await new Group(plane, group, members, turn).measure(changes)));
      }
    return { kubernetes: gitVersion, measured, sliceBytes: sliceBytes(measured) };
  } finally {
    await plane.stop();
  }
}

async function fill(group: WatchedGroup, members: number): Promise<void> {
  await group.prepare();
  for (let index = 0; index * SLICE < members; index += 1) {
    await group.slice(`app-${index}`, podsOf(index, members, 0));
  }
}

/**
 * Returns the pods of a slice, with nodes and zones named as in a cloud. Another `life` is another pod in the same
 * place.
 */
function podsOf(slice: number, members: number, life: number): PodEndpoint[] {
  const first = slice * SLICE;
  return Array.from({ length: Math.min(SLICE, members - first) }, (_, offset) => ({
    name: `app-${first + offset}`,
    uid: `0b9c1f5e-7d52-4f0c-9a57-${String((offset === 0 ? life * 1e6 : 0) + first + offset).padStart(12, '0')}`,
    ip: `10.${slice >> 8}.${slice & 255}.${offset}`,
    node: `ip-10-0-0-${offset}.eu-central-1.compute.internal`,
    zone: 'eu-central-1a',
  }));
}

/** Returns the bytes of a change for each watcher of the smallest group that has a whole slice. */
function sliceBytes(measured: readonly ScaleMeasured[]): number {
  const whole = measured.find(({ phase, members }) => phase === 'change' && members >= SLICE);
  return whole === undefined ? 0 : Math.round(whole.bytes / whole.members);
}

class Group {
  readonly #plane: ControlPlane;
  readonly #group: WatchedGroup;
  readonly #members: number;
  readonly #turn: number;
  #watchers!: LightWatchers;
  /** The share of a core that the server spends at rest. */
  #idle = 0;

  constructor(plane: ControlPlane, group: WatchedGroup, members: number, turn: number) {
    this.#plane = plane;
    this.#group = group;
    this.#members = members;
    this.#turn = turn;
  }

  async measure(changes: number): Promise<ScaleMeasured[]> {
    const ends: (() => Promise<void>)[] = [];
    const { namespace, tokenFile } = this.#group;
    const { url, caFile } = this.#plane;
    const ending = { after: (end: () => Promise<void>) => void ends.push(end) };
    this.#watchers = new LightWatchers(ending, { namespace, service: SERVICE, url, caFile, tokenFile });
    try {
      await this.#watchers.counts();
      await this.#rest();
      const open = await this.#phase('open', () => this.#opened());
      await this.#rest();
      const change = await this.#phase('change', () => this.#change(changes), changes);
      const resume = await this.#phase('resume', () => this.#cut());
      this.#watchers.stop();
      await delay(IDLE_MS);
      const relist = await this.#phase('relist', () => this.#opened());
      const restart = await this.#restart();
      return [open, change, resume, relist, restart];
    } finally {
      for (const end of ends) await end();
      // The connections are gone at once, but the server notices each on its own.
      await delay(IDLE_MS);
    }
  }

  #opened(): Promise<number> {
    this.#watchers.start(this.#members);
    return this.#allFresh('open');
  }

  async #change(changes: number): Promise<number> {
    let seconds = 0;
    for (let change = 1; change <= changes; change += 1) {
      const { events } = await this.#watchers.counts();
      const life = this.#turn * changes + change;
      await this.#group.slice('app-0', podsOf(0, this.#members, life));
      const all = events + this.#members;
      seconds += await this.#watchers.until('change', (counts) => counts.events >= all, LIMIT_MS);
    }
    return seconds;
  }

  async #cut(): Promise<number> {
    const { resumes, lists } = await this.#watchers.counts();
    this.#watchers.cut();
    const all = resumes + lists + this.#members;
    const back = (counts: Counts) => counts.resumes + counts.lists >= all && counts.fresh >= this.#members;
    return this.#watchers.until('resume', back, LIMIT_MS);
  }

  async #restart(): Promise<ScaleMeasured> {
    await this.#plane.killApiserver();
    await this.#watchers.until('outage', ({ fresh }) => fresh === 0, LIMIT_MS);
    const before = await this.#watchers.counts();
    const began = performance.now();
    await this.#plane.restartApiserver();
    await this.#allFresh('restart');
    const seconds = (performance.now() - began) / 1000;
    // A process that has just started spends more on itself than can be told apart.
    return this.#row('restart', { seconds, before });
  }

  #allFresh(what: string): Promise<number> {
    return this.#watchers.until(what, ({ fresh }) => fresh >= this.#members, LIMIT_MS);
  }

  async #rest(): Promise<void> {
    const before = cpuSeconds(this.#plane.pid('apiserver'));
    await delay(IDLE_MS);
    this.#idle = (cpuSeconds(this.#plane.pid('apiserver')) - before) / (IDLE_MS / 1000);
  }

  async #phase(phase: Phase, work: () => Promise<number>, times = 1): Promise<ScaleMeasured> {
    const pid = this.#plane.pid('apiserver');
    const before = await this.#watchers.counts();
    const [cpu, began] = [cpuSeconds(pid), performance.now()];
    const seconds = await work();
    const elapsed = (performance.now() - began) / 1000;
    const spent = Math.max(0, cpuSeconds(pid) - cpu - elapsed * this.#idle);
    return this.#row(phase, { cpuSeconds: spent / times, seconds: seconds / times, before }, times);
  }

  async #row(
    phase: Phase,
    { seconds, before, ...cost }: { cpuSeconds?: number; seconds: number; before: Counts },
    times = 1,
  ): Promise<ScaleMeasured> {
    const { bytes, refused } = await this.#watchers.counts();
    return {
      members: this.#members,
      phase,
      turn: this.#turn,
      ...cost,
      bytes: (bytes - before.bytes) / times,
      seconds,
      refused: refused - before.refused,
    };
  }
}
