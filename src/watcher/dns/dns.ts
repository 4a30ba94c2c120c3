import { Backoff } from '../backoff.ts';
import { type Clock, sleeping } from '../clock.ts';
import type { Log } from '../log.ts';
import { Malformed } from '../membership/malformed.ts';
import type { Member } from '../protocol.ts';
import type { Source, SourceEvent } from '../source.ts';
import { type DnsGroup, DnsLookup, type GroupAnswer } from './dns-lookup.ts';
import { DnsFailure, type DnsResolver } from './dns-resolver.ts';

export interface DnsOptions extends DnsGroup {
  resolver: DnsResolver;
  clock: Clock;
  log: Log;
  malformed?: Malformed | undefined;
  /**
   * Whether a member is awaited that is not among these: then DNS is asked each second, whatever the TTL,
   * and for a while after each change, since changes come together. Without it the pace is the TTL's.
   */
  awaits?: ((members: readonly Member[]) => boolean) | undefined;
}

/** The pace keeps to these bounds, in seconds, whatever the TTL: CoreDNS has 5 by default, kubeadm sets 30. */
const PACE_SECONDS = [1, 30] as const;
/** The time after a change in which DNS is asked at the quickest pace, as it is while a member is awaited. */
const AFTER_CHANGE_MS = 15_000;
/**
 * A poll comes up to a tenth later: a cache in between would answer as before, and sidecars must not keep in
 * step.
 */
const JITTER = 0.1;

/**
 * The members of a headless Service, polled by DNS, for accounts that may not read the API. What
 * CoreDNS says to that (plugin/kubernetes, 1.14):
 *
 * - SRV of the service's own name has all ports of all ready endpoints: numbers without names. A target
 *   is `<hostname>.<service>...`; without a hostname it is the IP with dashes, so that such a pod is
 *   another member after a restart, and two members when it has two families.
 * - SRV of `_port._protocol.<service>...` has the same for one port, which is how its name is learnt.
 * - A service without ports has no SRV record (NODATA), only addresses under its own name.
 * - A headless service without ready endpoints has no name (NXDOMAIN), like one that does not exist. So
 *   DNS can't say that a group is empty, and nothing that it says is taken for that.
 * - A service that is not headless has one target, itself.
 *
 * Who is terminating or not ready is not listed at all, and a restart under the same hostname shows as
 * a change of address at most: the API tells more.
 */
export function dnsSource(options: DnsOptions): Source {
  return { name: 'dns', events: () => poll(options) };
}

async function* poll({ malformed, awaits, ...options }: DnsOptions): AsyncGenerator<SourceEvent, never> {
  const { resolver, clock, log, ...group } = options;
  const lookup = new DnsLookup(group, resolver, clock, malformed ?? new Malformed(log));
  const haste = new Haste(awaits, clock);
  let backoff: Backoff | undefined;
  let first = true;
  for (;;) {
    const answer = yield* lookup.ask(first);
    if (!(answer instanceof DnsFailure)) haste.heard(answer.members);
    const error = answer instanceof DnsFailure ? answer.message : answer.missing?.message;
    // A packet gets lost now and then, so only what fails twice in a row is told.
    const tells = error === undefined || backoff !== undefined;
    yield tells ? told(answer) : { type: 'tick' };
    if (tells && !(answer instanceof DnsFailure)) first = false;
    if (error === undefined) {
      // The next failure begins anew: a poll, unlike a connection, does not cost more after one.
      backoff = undefined;
      yield* sleeping(clock, haste.limited(paceOf(answer as GroupAnswer, clock)));
    } else {
      backoff ??= new Backoff(clock);
      const delay = haste.limited(backoff.failed());
      log.warn('upstream can not be followed', { reason: 'dns', error, retryInMs: Math.round(delay) });
      yield* sleeping(clock, delay);
    }
  }
}

/** Judges whether there is a reason to ask sooner than the TTL says. */
class Haste {
  #awaits: DnsOptions['awaits'];
  #clock: Clock;
  #members: readonly Member[] = [];
  #known: string | undefined;
  #changedAt: number;

  constructor(awaits: DnsOptions['awaits'], clock: Clock) {
    this.#awaits = awaits;
    this.#clock = clock;
    this.#changedAt = clock.now();
  }

  heard(members: readonly Member[]): void {
    this.#members = members;
    const known = members
      .map(({ uid, addresses }) => `${uid} ${addresses.join(' ')}`)
      .sort()
      .join('\n');
    if (known !== this.#known) this.#changedAt = this.#clock.now();
    this.#known = known;
  }

  /** Returns the pause, or a second while there is a reason. */
  limited(milliseconds: number): number {
    if (this.#awaits === undefined) return milliseconds;
    const recent = this.#clock.now() - this.#changedAt < AFTER_CHANGE_MS;
    return recent || this.#awaits(this.#members)
      ? Math.min(milliseconds, PACE_SECONDS[0] * 1000)
      : milliseconds;
  }
}

function told(answer: GroupAnswer | DnsFailure): SourceEvent {
  if (answer instanceof DnsFailure) return { type: 'failure', reason: 'dns', message: answer.message };
  const parts = new Map(answer.members.map((member) => [member.uid, [member]]));
  return { type: 'replace', parts, partial: answer.missing?.message };
}

function paceOf({ ttl }: GroupAnswer, clock: Clock): number {
  const [least, most] = PACE_SECONDS;
  return Math.min(Math.max(ttl, least), most) * 1000 * (1 + JITTER * clock.random());
}
