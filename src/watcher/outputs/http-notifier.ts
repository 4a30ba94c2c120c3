import type { LookupFunction } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { encodePieces, type Snapshot } from '../protocol.ts';
import { notifierMetrics } from './notifier-metrics.ts';
import type { Output, OutputMetric, View } from './output.ts';
import { Pace } from './pace.ts';
import { PIECE_BYTES } from './paced-file.ts';
import { ReconcileLoop } from './reconcile-loop.ts';

/** The longest that an answer takes: a receiver in the same pod that takes longer is stuck. */
const DEADLINE_MS = 5000;
/**
 * The longest pause after a failure. The receiver is in the same pod: a try every few seconds hurts nobody.
 */
const MAX_PAUSE_MS = 5000;
/** The time after which all is sent again, for a receiver that was restarted and has forgotten it. */
const RESEND_MS = 60_000;

/**
 * The output that POSTs the snapshot after every change of it or of its freshness, and once a minute. One
 * request at a time, each with what is the latest then. The first change is posted at once; then the next
 * waits 200 times as long as making the body took, a second at most, and has all that came meanwhile.
 * Whatever is not answered with 2xx is tried again with backoff. Redirects are failures: they would lead out
 * of the pod.
 */
export class HttpNotifier implements Output {
  /** The URL without credentials, for logs. */
  readonly target: string;
  readonly metrics: readonly OutputMetric[] = notifierMetrics(this);
  readonly tooLarge = 0;
  sent = 0;
  failed = 0;
  #url: URL;
  #clock: Clock;
  #log: Log;
  #loop: ReconcileLoop;
  #pace: Pace;
  #view: View | undefined;
  #sentAt: number | undefined;
  #failing = false;
  #abort = new AbortController();

  constructor(url: URL, clock: Clock, log: Log) {
    this.target = `${url.origin}${url.pathname}`;
    this.#url = url;
    this.#clock = clock;
    this.#log = log;
    const failed = (error: Error) => this.#failed(error);
    this.#pace = new Pace(clock);
    const options = { maxPauseMs: MAX_PAUSE_MS, pace: this.#pace };
    this.#loop = new ReconcileLoop(() => this.#send(), failed, clock, options);
  }

  get failing(): string | undefined {
    return this.#failing ? 'notify' : undefined;
  }

  synced(view: View): void {
    this.#view = view;
    this.#loop.request();
  }

  changed(): void {
    this.#loop.request();
  }

  expected(): void {
    this.#loop.request();
  }

  status(): void {
    this.#loop.request();
  }

  heartbeat(): void {
    if (this.#sentAt !== undefined && this.#clock.now() - this.#sentAt >= RESEND_MS) this.#loop.request();
  }

  close(): void {
    this.#loop.close();
    this.#abort.abort();
  }

  async #send(): Promise<void> {
    if (this.#view === undefined) return;
    const began = this.#clock.now();
    const body = bodyOf(this.#view.snapshot());
    this.#pace.worked(began);
    const status = await post(this.#url, body, this.#clock, this.#abort.signal);
    if (status < 200 || status > 299) throw new Error(`the receiver answered ${status}`);
    this.sent += 1;
    this.#sentAt = this.#clock.now();
    if (this.#failing) this.#log.info('the receiver takes notifications again', { target: this.target });
    this.#failing = false;
  }

  /** Counts a failure, and logs it when it is the first in a row. */
  #failed(error: Error): void {
    this.failed += 1;
    if (!this.#failing) {
      this.#log.warn('the receiver does not take notifications, they are tried again', {
        target: this.target,
        // The error has a code and no message when all of several addresses refuse.
        error: error.message || (error as NodeJS.ErrnoException).code,
      });
    }
    this.#failing = true;
  }
}

/** Returns the snapshot as the bytes of a body, in pieces, as strings take twice the memory. */
function bodyOf(snapshot: Snapshot): Buffer[] {
  return Array.from(encodePieces(snapshot, PIECE_BYTES), (piece) => Buffer.from(piece));
}

/** Posts the body and returns the status of the answer; rejects when there is none in time. */
async function post(url: URL, body: readonly Buffer[], clock: Clock, signal: AbortSignal): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const length = body.reduce((sum, piece) => sum + piece.length, 0);
  // Imported as a module, node:http brings Node's whole fetch along: 6 MB of memory.
  const request = process.getBuiltinModule('node:http').request(url, {
    method: 'POST',
    // Each request has a connection of its own, so none can have died unnoticed since the last one.
    agent: false,
    lookup: loopback,
    signal,
    headers: { 'content-type': 'application/json', 'content-length': length },
  });
  const late = new Error(`no answer within ${DEADLINE_MS / 1000} s`);
  const timer = clock.setTimeout(() => request.destroy(late), DEADLINE_MS);
  let status: number | undefined;
  let failure = new Error('the connection closed');
  request.on('response', (response) => {
    // The status is enough: the body of the answer is not read, and may fail.
    status = response.statusCode;
    response.on('error', () => {});
    response.resume();
  });
  request.on('error', (error) => {
    failure = error;
  });
  request.on('close', () => {
    clock.clearTimeout(timer);
    if (status === undefined) reject(failure);
    else resolve(status);
  });
  for (const piece of body) request.write(piece);
  request.end();
  return promise;
}

/** Resolves every name to this pod, so that `localhost` is this pod whatever its DNS says. */
const loopback: LookupFunction = (_host, options, done) => {
  if (!options.all) return done(null, '127.0.0.1', 4);
  done(null, [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ]);
};
