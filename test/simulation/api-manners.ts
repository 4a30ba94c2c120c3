import { type Contact, type Exchange, SILENCE_MS } from './contact.ts';
import type { Report } from './ledger.ts';
import type { Wedge } from './wedge.ts';

/** The time in which an answer has to begin, and a list to go on. */
const ANSWER_MS = 30_000;
/** A streaming list that is not complete by then, however much it says, is none: pages are asked for. */
const STREAMING_LIST_MS = 60_000;
/** The longest wait between two tries, when the server asked for none. */
const BACKOFF_MS = 30_000;
/** The watch loop looks at its limits once a second. */
const TICK_MS = 1000;
/** Longest time between two lists, and from when one is due until it must have come. */
const RELIST_MS = 900_000 + ANSWER_MS;
/** More requests than this in 10 s are a loop without a pause. */
const MAX_REQUESTS = 300;
const EPSILON_MS = 5;

/** The rules for a client of the API, and for what it may expect of it. */
export class ApiManners {
  #contact: Contact;
  #wedge: Wedge;
  #now: () => number;
  #report: Report;

  constructor(contact: Contact, wedge: Wedge, now: () => number, report: Report) {
    this.#contact = contact;
    this.#wedge = wedge;
    this.#now = now;
    this.#report = report;
    contact.onRequest = (exchange, previous) => this.#onRequest(exchange, previous);
    contact.onClosed = (exchange) => this.#judgePatience(exchange, 'closed');
  }

  /** Looks at what is owed now; to be asked every few seconds. */
  probe(): void {
    const { current, listedAt } = this.#contact;
    if (current === undefined) return;
    if (current.overAt === undefined) this.#judgePatience(current, 'still open');
    else this.#judgeWait(current);
    const sound = this.#contact.soundSince();
    if (sound === undefined || listedAt === undefined || this.#now() - sound < ANSWER_MS) return;
    if (this.#now() - listedAt > RELIST_MS) {
      this.#report('relist', `the last list was ${Math.round((this.#now() - listedAt) / 1000)} s ago`);
    }
  }

  #onRequest(exchange: Exchange, previous: Exchange | undefined): void {
    const { kind } = exchange;
    const recent = this.#contact.exchanges.at(-MAX_REQUESTS);
    if (recent !== undefined && this.#now() - recent.requestedAt < 10_000) {
      this.#report('crash', `${MAX_REQUESTS} requests in 10 s`);
      // Without this the simulation would never come to its next moment.
      exchange.hopeless = true;
    }
    this.#judgeVersion(exchange);
    if (previous === undefined) return;
    if (previous.overAt === undefined) {
      this.#report('crash', `a ${kind} is requested while a ${previous.kind} is open`);
      return;
    }
    const waited = this.#now() - previous.overAt;
    const asked = previous.refusal?.retryAfterMs ?? 0;
    if (waited < asked - EPSILON_MS) {
      this.#report('retry-after', `asked again after ${waited} ms instead of ${asked} ms`);
    }
    this.#judgeWait(previous);
    const code = previous.refusal?.code;
    // What the server does not have, or not yet, it has to be listed for.
    if (kind === 'watch' && previous.kind === 'watch' && (code === 410 || code === 504)) {
      this.#report('version', `version ${exchange.version} is asked for again after ${code}`);
    }
  }

  /** A line that came while the loop was wedged may be given up unread. */
  #judgeVersion({ kind, version }: Exchange): void {
    const { version: known, versionAt } = this.#contact;
    if (version === known || (kind !== 'watch' && version === '') || this.#wedge.held(versionAt)) return;
    this.#report('version', `a ${kind} from version ${version}, when ${known} was the last to come`);
  }

  #judgeWait({ overAt, refusal }: Exchange): void {
    const waited = this.#now() - overAt!;
    const limit = BACKOFF_MS + (refusal?.retryAfterMs ?? 0) + TICK_MS;
    // A loop that is wedged hears of the failure when it goes on.
    if (this.#wedge.within(limit)) return;
    if (waited > limit) this.#report('retry', `nothing was asked for ${waited} ms`);
  }

  #judgePatience({ kind, openAt, lastByteAt, requestedAt, head }: Exchange, how: string): void {
    // The loop looks once a second, here as below.
    if (this.#wedge.within(SILENCE_MS + TICK_MS)) return;
    const listing = this.#now() - (head?.at ?? requestedAt);
    if (kind === 'streaming' && openAt === undefined && listing > STREAMING_LIST_MS + ANSWER_MS + TICK_MS) {
      this.#report('watchdog', `a streaming list is not complete after ${listing} ms`);
    }
    const limit = openAt === undefined ? ANSWER_MS : SILENCE_MS;
    const silent = this.#now() - lastByteAt;
    if (silent <= limit + TICK_MS) return;
    this.#report('watchdog', `a ${kind} is ${how} after ${silent} ms of silence`);
  }
}
