/**
 * One webhook, attacked all the time, with an honest API server beside. The process is started once; were an
 * attack to end it, it is started again for the next one, and the last test tells.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bundle } from '../support/bundle.ts';
import { eventually } from '../support/eventually.ts';
import { freePorts } from '../support/free-ports.ts';
import { Rollcall } from '../support/rollcall.ts';
import { kubeconfigFor } from '../webhook/connected-client.ts';
import type { FromBystander, Honest, ToBystander } from './bystander.ts';
import { issue } from './certificates.ts';
import { deployedContainer, memoryLimit } from './container.ts';
import { type Scheduled, scheduled, slowdown, timed } from './scheduled.ts';
import { type PostOptions, post, type Reply } from './wire.ts';

/**
 * All but one of a hundred are answered within this. On a machine that others use as well it is more, by what a
 * server that does nothing takes at the same time, and by the share of its time for which the webhook's thread, or the
 * one that asks, could have run and had no CPU.
 */
const P99_MS = 250;
/** All are answered within this, the time that an API server waits in this installation; more where P99_MS is more. */
const API_SERVER_MS = 5000;
/** The wait for answers that are on their way: the bystander gives each up after a minute. */
const ANSWERS_MS = 90_000;
/** Honest requests that are asked for after an attack, so that what it left behind is seen, too. */
const AFTER_MS = 600;

export class Siege {
  readonly port: number;
  readonly #kubeconfig: string;
  readonly #directory: string;
  readonly #bystander: ChildProcess;
  readonly #honest: Honest[] = [];
  readonly #asking: { at: number; count: number }[] = [];
  readonly pids: number[] = [];
  /** MB that the container has, and whether that is enforced here. */
  readonly limit: { mib: number; enforced: boolean };
  readonly #idle: ChildProcess;
  readonly #program: { main: string; launcher: readonly string[] };
  #webhook!: Rollcall;

  constructor(parts: SiegeParts) {
    this.port = parts.port;
    this.limit = parts.limit;
    this.#kubeconfig = join(parts.directory, 'kubeconfig');
    this.#directory = parts.directory;
    this.#program = parts.program;
    this.#idle = parts.idle;
    const { bystander } = parts;
    this.#bystander = bystander;
    bystander.on('message', (message: FromBystander) => {
      if ('honest' in message) this.#honest.push(message.honest);
      else if ('asking' in message) this.#asking.push(message.asking);
    });
  }

  static async start(): Promise<Siege> {
    const directory = await mkdtemp(join(tmpdir(), 'siege-'));
    const { main } = await bundle(join(directory, 'program'));
    const { mib, environment } = await deployedContainer();
    const limited = await memoryLimit(mib);
    const bystander = fork(sibling('bystander.ts'));
    const idle = fork(sibling('idle-server.ts'));
    const { cert, key } = await issue();
    const [idlePort] = await Promise.all([heard<number>(idle, 'port')]);
    const ready = heard<{ url: string }>(bystander, 'ready');
    bystander.send({ start: { cert, key } } satisfies ToBystander);
    await writeFile(join(directory, 'kubeconfig'), kubeconfigFor((await ready).url, cert));
    const [port] = await freePorts(1);
    const siege = new Siege({
      port: port!,
      limit: { mib, enforced: limited !== undefined },
      directory,
      program: { main, launcher: ['/usr/bin/env', ...environment, ...(limited ?? [])] },
      bystander,
      idle,
    });
    await siege.#launch();
    bystander.send({ ask: { port: port!, idlePort } } satisfies ToBystander);
    // What is compiled and cached at the first requests is no matter of an attack.
    await delay(3000);
    siege.#honest.splice(0);
    return siege;
  }

  get webhook(): Rollcall {
    return this.#webhook;
  }

  /** Runs an attack; fails unless the process lives and every honest request meanwhile was answered in time. */
  async under(attack: () => Promise<void>): Promise<void> {
    if (this.#webhook.exited) await this.#launch();
    const from = Date.now();
    const before = await this.#scheduled();
    let failure: unknown;
    await attack().catch((error: unknown) => {
      failure = error;
    });
    await delay(AFTER_MS);
    const until = Date.now();
    assert.ok(!this.#webhook.exited, `the process has ended\n${this.#webhook.tail(5).slice(0, 2000)}`);
    const after = await this.#scheduled();
    await this.#judge(from, until, slowdown(before, after));
    if (failure !== undefined) throw failure;
  }

  /**
   * Posts a body; its time is that without the waits of the webhook's thread, and of this one, for a CPU that others had.
   */
  async post(body: string, options: PostOptions = {}): Promise<Reply> {
    const { value, ms } = await timed(this.#webhook.pid!, () => post(this.port, body, options));
    return { ...value, ms };
  }

  /** Resident memory in MB: now, and the most since the last `forgetPeak`. */
  async memory(): Promise<{ now: number; peak: number }> {
    const text = await readFile(`/proc/${this.#webhook.pid}/status`, 'utf8');
    const read = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)![1]) / 1024;
    return { now: read('VmRSS'), peak: read('VmHWM') };
  }

  async forgetPeak(): Promise<void> {
    await writeFile(`/proc/${this.#webhook.pid}/clear_refs`, '5');
  }

  async stop(): Promise<void> {
    this.#bystander.disconnect();
    this.#idle.disconnect();
    await this.#webhook.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #judge(from: number, until: number, slowdown: number): Promise<void> {
    // Those that were sent in time and are still on their way are waited for, as long as they wait.
    await eventually('all answers', () => this.#complete(from, until), { timeoutMs: ANSWERS_MS });
    const during = this.#honest.filter(({ at }) => at >= from && at <= until);
    const asked = during.filter(({ idle }) => !idle);
    assert.ok(asked.length > 0, 'no honest request was reported');
    const own = p99(asked);
    const machine = p99(during.filter(({ idle }) => idle));
    const late = API_SERVER_MS * slowdown + machine;
    const faults = asked
      .map((one) => ({
        ...one,
        fault: one.fault || (one.ms < late ? '' : `no answer in ${late.toFixed(0)} ms`),
      }))
      .filter(({ fault }) => fault !== '');
    const worst = Math.max(...asked.map(({ ms }) => ms));
    const times = [own, worst, machine].map((ms) => ms.toFixed(0));
    const told = `${asked.length} honest requests, p99 ${times[0]} ms, worst ${times[1]} ms; the machine ${times[2]} ms, slower by ${slowdown.toFixed(1)}`;
    console.log(`    ${told}${faults.length > 0 ? `, ${faults.length} NOT ANSWERED` : ''}`);
    assert.deepEqual(
      [...new Set(faults.map(({ fault }) => fault))],
      [],
      `${faults.length} of ${told}: not answered`,
    );
    const limit = P99_MS * slowdown + machine;
    assert.ok(own < limit, `${told}; the limit is ${limit.toFixed(0)} ms`);
  }

  #scheduled(): Promise<Scheduled[]> {
    return scheduled([this.#webhook.pid!, this.#bystander.pid!]);
  }

  /** Tells whether all that was sent in this time is reported. What is sent is told in order. */
  #complete(from: number, until: number): boolean {
    const during = ({ at }: { at: number }) => at >= from && at <= until;
    const sent = this.#asking.filter(during).reduce((sum, { count }) => sum + count, 0);
    return (this.#asking.at(-1)?.at ?? 0) > until && this.#honest.filter(during).length === sent;
  }

  async #launch(): Promise<void> {
    const flags = {
      port: this.port,
      kubeconfig: this.#kubeconfig,
      image: 'rollcall:test',
      'native-sidecars': 'true',
    };
    this.#webhook = new Rollcall('webhook', flags, this.#program);
    await this.#webhook.port();
    this.pids.push(this.#webhook.pid!);
  }
}

interface SiegeParts {
  port: number;
  limit: { mib: number; enforced: boolean };
  directory: string;
  program: { main: string; launcher: readonly string[] };
  bystander: ChildProcess;
  idle: ChildProcess;
}

/** Returns the 99th percentile of the times. Of fewer than a hundred calls, one may be slow. */
function p99(asked: readonly Honest[]): number {
  const slowest = asked.map(({ ms }) => ms).sort((one, other) => other - one);
  return slowest[Math.min(slowest.length - 1, Math.max(1, Math.floor(asked.length / 100)))] ?? 0;
}

function sibling(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** The first message of a child that has this field. */
function heard<T>(child: ChildProcess, field: string): Promise<T> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: Record<string, T>) => {
      if (field in message) resolve(message[field]!);
    });
    child.once('exit', (code) => reject(new Error(`a child of the siege ended with ${code}`)));
  });
}
