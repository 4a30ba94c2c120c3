import { type Clock, outcomeOf } from '../clock.ts';
import { pauseAfterChange, restPause } from '../expected-pace.ts';
import { ApiError, failureOf, isUntrusted } from '../kubernetes/api-error.ts';
import { responseOf, textOf } from '../kubernetes/read-response.ts';
import { parseScale, type ScaledWorkload, scalePath } from '../kubernetes/scale.ts';
import type { Request, Transport } from '../kubernetes/transport.ts';
import type { Log } from '../log.ts';
import type { Group } from '../protocol.ts';
import type { ExpectedFrom } from '../texts/expected.ts';
import type { Output, OutputMetric, View } from './output.ts';
import { OUTPUT_METRICS } from './output-metrics.ts';

/** The most bytes of a Scale: it has two counts, a selector and metadata, which managers of fields may fill. */
const MAX_SCALE_BYTES = 256 * 1024;

/** The context in which the number of expected members is asked for. */
export interface ExpectedContext {
  workload: ScaledWorkload;
  transport: Transport;
  clock: Clock;
  log: Log;
  /** Takes the number; null when nobody may or can say it. */
  expect(expected: number | null): void;
  /**
   * Returns the number of pods that ask as this one does, as far as it is known. A pod that follows a group of others
   * is not among the members of that group. Without this function, the members are taken for those who ask.
   */
  askers?(): number;
}

/** Those who take the number of expected members of a group. */
interface Expecting {
  readonly group: Group;
  expect(expected: number | null): void;
}

/** Tells a number at once; returns what asks for it, where a workload has it. */
export function expectedMembers(
  expected: ExpectedFrom | undefined,
  watch: Expecting,
  {
    transport,
    ...context
  }: Omit<ExpectedContext, 'workload' | 'transport' | 'expect'> & {
    transport(): Transport;
  },
): ExpectedMembers | undefined {
  if (expected === undefined) return undefined;
  if (typeof expected === 'number') {
    watch.expect(expected);
    return undefined;
  }
  const workload = { namespace: watch.group.namespace, ...expected };
  const expect = (number: number | null) => watch.expect(number);
  return new ExpectedMembers({ ...context, workload, expect, transport: transport() });
}

/**
 * Asks a workload how many replicas it is to have: seldom at rest, and soon after each change of the
 * membership, of which it hears as an output does. A scale can't be watched. What is known stays while the API can't
 * be asked; where the workload is not there or may not be read, nobody says how many members there are to be.
 */
export class ExpectedMembers implements Output {
  readonly metrics: readonly OutputMetric[];
  #context: ExpectedContext;
  #members = 0;
  #dueAt = Number.POSITIVE_INFINITY;
  #timer: unknown;
  /** The time before which the API server asks not to be asked again, whatever changes meanwhile. */
  #notBefore = Number.NEGATIVE_INFINITY;
  #asking = false;
  #request: Request | undefined;
  #closed = false;
  #refused = false;
  #failed = false;
  failures = 0;

  constructor(context: ExpectedContext) {
    this.#context = context;
    this.metrics = [{ ...OUTPUT_METRICS.expectedFailures, read: () => this.failures }];
  }

  /** Asks for the first time. */
  start(): void {
    // `#ask` counts and logs its failures and never rejects.
    void this.#ask();
  }

  synced(view: View): void {
    this.#members = view.members.size;
  }

  changed(_delta: unknown, view: View): void {
    this.#members = view.members.size;
    const { clock } = this.#context;
    this.#plan(pauseAfterChange(this.#askers, clock.random()));
  }

  get #askers(): number {
    return Math.max(this.#members, this.#context.askers?.() ?? 0);
  }

  close(): void {
    this.#closed = true;
    this.#context.clock.clearTimeout(this.#timer);
    this.#request?.close();
  }

  /** Has the next question asked after a pause, unless one is asked before that anyway. */
  #plan(pauseMs: number): void {
    const { clock } = this.#context;
    const now = clock.now();
    const at = Math.max(now + pauseMs, this.#notBefore);
    if (this.#closed || at >= this.#dueAt) return;
    this.#dueAt = at;
    clock.clearTimeout(this.#timer);
    if (!this.#asking) this.#timer = clock.setTimeout(() => void this.#ask(), at - now);
  }

  async #ask(): Promise<void> {
    const { clock } = this.#context;
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#asking = true;
    try {
      this.#answered(await this.#replicas());
    } catch (error) {
      if (!this.#closed) this.#notBefore = clock.now() + this.#unanswered(error);
    }
    this.#asking = false;
    if (this.#closed) return;
    // A change that came meanwhile may not be in the answer; it has planned a question already.
    const planned = this.#dueAt - clock.now();
    this.#dueAt = Number.POSITIVE_INFINITY;
    const rest = restPause(this.#askers, clock.random());
    this.#plan(Math.max(Math.min(planned, rest), 0));
  }

  async #replicas(): Promise<number> {
    const { transport, workload, clock } = this.#context;
    const request = transport.get(scalePath(workload));
    this.#request = request;
    try {
      const response = await outcomeOf(responseOf(request, clock));
      return parseScale(await outcomeOf(textOf(response, clock, MAX_SCALE_BYTES)));
    } finally {
      request.close();
    }
  }

  #answered(replicas: number): void {
    if (this.#closed) return;
    const { log, workload, expect } = this.#context;
    if (this.#failed) log.info('the number of expected members is known again', { ...workload, replicas });
    this.#failed = false;
    this.#refused = false;
    expect(replicas);
  }

  /** Returns how long the API server asks to be left alone. */
  #unanswered(error: unknown): number {
    const { log, workload, transport, expect } = this.#context;
    const { message, retryAfterMs } = failureOf(error);
    const status = error instanceof ApiError ? error.status : undefined;
    this.failures += 1;
    if (status === 401 || isUntrusted(error)) transport.unauthorized();
    const refused = status === 403 || status === 404;
    if (!this.#failed || refused !== this.#refused) {
      log.warn('the number of expected members can not be read', { ...workload, error: message, refused });
    }
    this.#failed = true;
    this.#refused = refused;
    if (refused) expect(null);
    return retryAfterMs;
  }
}
