/** A webhook that allows everything, in this process, whose certificates are kept as in the real one. */

import { once } from 'node:events';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Metrics } from '../../src/metrics.ts';
import { silent } from '../../src/watcher/log.ts';
import type { Api } from '../../src/webhook/api/api.ts';
import { isDistrust } from '../../src/webhook/certificates/distrust.ts';
import { CertificateKeeper } from '../../src/webhook/certificates/keeper.ts';
import { type Bundles, bundles } from '../../src/webhook/certificates/publish.ts';
import { SelfManaged } from '../../src/webhook/certificates/self-managed.ts';
import type { CertificateSource, KeyPair } from '../../src/webhook/certificates/source.ts';
import { secretStore } from '../../src/webhook/certificates/store.ts';
import { secureContext, webhookServer } from '../../src/webhook/server.ts';
import { SYSTEM_NAMESPACE } from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { HOSTS } from '../webhook/certificates/pairs.ts';

/** The time between two looks, a minute otherwise, beside that in which a bundle reaches the API server. */
const LOOK_MS = 100;
/** The looks of an overlap, which is an hour otherwise. */
const OVERLAP_LOOKS = 6;

/** Resolves when API servers go by what is published now. */
type Reached = () => Promise<void>;

export interface Certificates {
  /** The source of certificates in place of the self-managed one, or around it. */
  source?: (own: CertificateSource) => CertificateSource;
  configuration?: Bundles;
  /** Whether there is no look but the first and those that distrust causes. */
  onlyEarly?: boolean;
}

interface Looking {
  stopped: boolean;
  held: boolean;
  /** Between two looks. */
  idle: boolean;
}

export class CertifiedReplica {
  served: KeyPair;
  reviews = 0;
  readonly #server: Server;
  readonly #looking: Looking;

  /** Starts a replica with certificates of its own, or with those of another source. */
  static async start(api: Api, reached: Reached, certificates?: Certificates): Promise<CertifiedReplica> {
    const store = secretStore(api, SYSTEM_NAMESPACE, 'rollcall-tls');
    const own = new SelfManaged(store, HOSTS, silent, OVERLAP_LOOKS);
    let replica: CertifiedReplica | undefined;
    const looking: Looking = { stopped: false, held: false, idle: false };
    let early = 0;
    const keeper = new CertificateKeeper({
      source: certificates?.source?.(own) ?? own,
      configuration: certificates?.configuration ?? bundles(api, 'rollcall'),
      hosts: HOSTS,
      log: silent,
      metrics: new Metrics(),
      settle: reached,
      now: () => {
        // No early look is too early where there are no others.
        if (certificates?.onlyEarly) early += 60_000;
        return performance.now() + early;
      },
      wait: async () => {
        looking.idle = true;
        do await delay(LOOK_MS);
        while (looking.held);
        if (looking.stopped || certificates?.onlyEarly) await new Promise(() => {});
        await reached();
        if (looking.stopped) await new Promise(() => {});
        looking.idle = false;
      },
    });
    const first = await keeper.start((pair) => replica!.#serve(pair));
    replica = new CertifiedReplica(first, looking);
    replica.#server.on('tlsClientError', (error) => {
      if (isDistrust(error)) keeper.distrusted();
    });
    replica.#server.listen(0, '127.0.0.1');
    await once(replica.#server, 'listening');
    return replica;
  }

  private constructor(first: KeyPair, looking: Looking) {
    this.served = first;
    this.#looking = looking;
    const review = async ({ uid }: { uid: string }) => {
      this.reviews += 1;
      return { result: 'unchanged' as const, code: '', response: { uid, allowed: true } };
    };
    const options = { review, notReady: () => undefined, metrics: new Metrics(), log: silent };
    this.#server = webhookServer(options, first);
    // Each call makes a handshake of its own.
    this.#server.prependListener('request', (_request, response) =>
      response.setHeader('connection', 'close'),
    );
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Takes no further look at the certificates until it is let go. Resolves when no look is under way. */
  async hold(): Promise<void> {
    this.#looking.held = true;
    await eventually('end of the look', () => this.#looking.idle, { everyMs: 5 });
  }

  letGo(): void {
    this.#looking.held = false;
  }

  /** Stops the replica once calls under way are answered, without another look at the certificates. */
  async stop(): Promise<void> {
    this.#looking.stopped = true;
    await eventually('end of the look', () => this.#looking.idle, { everyMs: 5 });
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(pair: KeyPair): void {
    this.#server.setSecureContext(secureContext(pair));
    this.served = pair;
  }
}
