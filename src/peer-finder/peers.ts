import type { Clock } from '../watcher/clock.ts';
import { dnsSource } from '../watcher/dns/dns.ts';
import { dnsClient } from '../watcher/dns/dns-client.ts';
import { endpointSlices } from '../watcher/kubernetes/endpoint-slices.ts';
import { pods } from '../watcher/kubernetes/pods.ts';
import { kubernetesSource } from '../watcher/kubernetes/reflector.ts';
import { firstFamily, kubernetesApi, type UpstreamContext } from '../watcher/kubernetes/upstream.ts';
import type { Log } from '../watcher/log.ts';
import { Malformed } from '../watcher/membership/malformed.ts';
import type { Member } from '../watcher/protocol.ts';
import type { Source, SourceEvent } from '../watcher/source.ts';
import type { PeerFinderOptions } from './flags.ts';
import { type Host, isHost } from './self.ts';

/** The longest wait at the start for an API server that says nothing. */
const PATIENCE_MS = 5000;

/**
 * Returns the source of the peers, as the original peer-finder sees them: the pods of a selector, whatever
 * their state, or the ready endpoints of a service, which DNS would list. They come from the API where the
 * account may read it, else from DNS. Throws an error that names the flags that the user must mend.
 */
export function peersOf(options: PeerFinderOptions, host: Host, context: UpstreamContext): Source {
  const { group, clusterDomain, upstream, dnsServer } = options;
  const { clock, log } = context;
  const { namespace, selector, service } = group;
  const malformed = new Malformed(log);
  const api = () => kubernetesApi(upstream, context);
  if (selector !== undefined) {
    const source = kubernetesSource(
      pods({ group: { namespace, selector }, clusterDomain }, malformed),
      api(),
      clock,
      log,
    );
    return marked(source, host, () => true);
  }
  const perspective = {
    group: { namespace, service: service! },
    clusterDomain,
    firstFamily: firstFamily(context.environment),
  };
  const resolver = dnsClient(dnsServer === undefined ? undefined : [dnsServer]);
  // DNS is polled every second until this pod is listed, as the original peer-finder polls always.
  const awaits = (members: readonly Member[]) => !members.some((member) => isHost(host, member));
  const dns = dnsSource({ ...perspective, resolver, clock, log, malformed, awaits });
  const follow = (source: Source) => marked(source, host, ({ ready }) => ready);
  try {
    const slices = kubernetesSource(endpointSlices(perspective, malformed), api(), clock, log);
    return follow(apiElseDns(slices, dns, clock, log));
  } catch (error) {
    if (Object.values(upstream).some((one) => one !== undefined)) throw error;
    log.info('the API can not be asked, so DNS is polled', { reason: (error as Error).message });
    return follow(dns);
  }
}

/**
 * Returns a source that follows the API, and follows DNS instead when the API refuses this account or can't
 * be reached before it has given a first list. Later faults are no reason to change: the known members stay.
 */
export function apiElseDns(api: Source, dns: Source, clock: Clock, log: Log): Source {
  async function* events(): AsyncGenerator<SourceEvent, never> {
    const started = new Start(clock);
    for await (const event of api.events()) {
      const reason = started.givenUp(event);
      if (reason !== undefined) {
        const advice = 'let the account get, list and watch endpointslices to hear of changes at once';
        log.warn('the API can not be followed, so DNS is polled', { reason, advice });
        break;
      }
      yield event;
    }
    return yield* dns.events();
  }
  return { name: api.name, events };
}

class Start {
  #clock: Clock;
  #heardAt: number;
  #listed = false;
  #failure: string | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#heardAt = clock.now();
  }

  /** Returns why the API is given up; undefined while it is still waited for. */
  givenUp(event: SourceEvent): string | undefined {
    if (event.type === 'replace') this.#listed = true;
    if (this.#listed) return undefined;
    if (event.type === 'failure') {
      this.#failure = event.message;
      if (event.reason === 'unauthorized' || event.reason === 'forbidden') return event.message;
    }
    // An answer that is an error does not make the wait longer.
    if (event.type === 'evidence' && this.#failure === undefined) this.#heardAt = this.#clock.now();
    if (this.#clock.now() - this.#heardAt < PATIENCE_MS) return undefined;
    return this.#failure ?? `no answer for ${PATIENCE_MS / 1000} s`;
  }
}

/** Returns a source with only the listed members, in which this pod is marked. */
function marked(source: Source, host: Host, listed: (member: Member) => boolean): Source {
  const peers = (members: readonly Member[]) =>
    members.filter(listed).map((one) => (isHost(host, one) ? { ...one, self: true as const } : one));
  const peer = (event: SourceEvent): SourceEvent => {
    if (event.type === 'set') return { ...event, members: peers(event.members) };
    if (event.type !== 'replace') return event;
    return { ...event, parts: new Map([...event.parts].map(([key, members]) => [key, peers(members)])) };
  };
  async function* events(): AsyncGenerator<SourceEvent, never> {
    for await (const event of source.events()) yield peer(event);
    throw new Error('a source does not end');
  }
  return { name: source.name, events };
}
