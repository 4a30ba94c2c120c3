import type { Clock } from '../watcher/clock.ts';
import { dnsSource } from '../watcher/dns/dns.ts';
import { dnsClient } from '../watcher/dns/dns-client.ts';
import { endpointSlices } from '../watcher/kubernetes/endpoint-slices.ts';
import { kubernetesSource } from '../watcher/kubernetes/kubernetes.ts';
import { pods } from '../watcher/kubernetes/pods.ts';
import { firstFamily, kubernetesApi, type UpstreamContext } from '../watcher/kubernetes/upstream.ts';
import type { Log } from '../watcher/log.ts';
import { Malformed } from '../watcher/malformed.ts';
import type { Member } from '../watcher/protocol.ts';
import type { Source, SourceEvent } from '../watcher/source.ts';
import type { PeerFinderOptions } from './flags.ts';
import { type Host, isHost } from './self.ts';

/** An API server that has said nothing for so long at the start is not waited for. */
const PATIENCE_MS = 5000;

/**
 * The peers, as peer-finder sees them: the pods of a selector, whatever their state, or the endpoints
 * that DNS would list for a service, which are those that are ready. They come from the API, where
 * that can be read, else from DNS. Throws, naming flags, what the user must mend.
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
  // As peer-finder does, until this pod is listed.
  const awaits = (members: readonly Member[]) => !members.some((member) => isHost(host, member));
  const dns = dnsSource({ ...perspective, resolver, clock, log, malformed, awaits });
  const follow = (source: Source) => marked(source, host, ({ ready }) => ready);
  try {
    const slices = kubernetesSource(endpointSlices(perspective, malformed), api(), clock, log);
    return follow(apiElseDns(slices, dns, clock, log));
  } catch (error) {
    if (Object.values(upstream).some((one) => one !== undefined)) throw error;
    log.info('the API can not be asked, DNS is followed', { reason: (error as Error).message });
    return follow(dns);
  }
}

/**
 * The API, unless it refuses this account or can't be reached before it has given a first list; from
 * then on DNS. Later trouble is not a reason to change sides: what is known stays.
 */
export function apiElseDns(api: Source, dns: Source, clock: Clock, log: Log): Source {
  async function* events(): AsyncGenerator<SourceEvent, never> {
    const started = new Start(clock);
    for await (const event of api.events()) {
      const reason = started.givenUp(event);
      if (reason !== undefined) {
        const advice = 'let the account get, list and watch endpointslices to hear of changes at once';
        log.warn('the API can not be followed, DNS is', { reason, advice });
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

  /** Why the API is not waited for any longer; undefined while it is. */
  givenUp(event: SourceEvent): string | undefined {
    if (event.type === 'replace') this.#listed = true;
    if (this.#listed) return undefined;
    if (event.type === 'failure') {
      this.#failure = event.message;
      if (event.reason === 'unauthorized' || event.reason === 'forbidden') return event.message;
    }
    // An answer that is an error is no reason to wait longer.
    if (event.type === 'evidence' && this.#failure === undefined) this.#heardAt = this.#clock.now();
    if (this.#clock.now() - this.#heardAt < PATIENCE_MS) return undefined;
    return this.#failure ?? `no answer for ${PATIENCE_MS / 1000} s`;
  }
}

/** The members that are listed, with this pod marked among them. */
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
