import { X509Certificate } from 'node:crypto';
import type { Log } from '../../log.ts';
import { issue } from './issue.ts';
import { problemOf } from './judge.ts';
import {
  type Held,
  isSelfSigned,
  type Step,
  stepFor,
  trustedFor,
  type Verdict,
  verdictOn,
} from './rotation.ts';
import type { CertificateSource, KeyPair, Material, Standing } from './source.ts';
import type { SecretStore, Stored } from './store.ts';

/** Each lost race is a replica that wrote; one look of each writes at most once or twice. */
const ATTEMPTS = 10;
/**
 * Looks, a minute apart, for which a new certificate is published before it is served, and the one before
 * stays trusted afterwards: an hour. API servers hear of a new bundle within seconds and replicas look
 * each minute; the rest is for a roll-out that is stuck, and there are months of time.
 */
export const OVERLAP_LOOKS = 60;
const NOTHING: Held = { serving: undefined, next: undefined, trusted: [], caKey: undefined };

/**
 * Issues the certificates itself and keeps them in one Secret that all replicas share. Whoever sees first
 * that something is to be done writes it; whoever writes second takes what the first one wrote.
 */
export class SelfManaged implements CertificateSource {
  #store: SecretStore;
  #hosts: readonly string[];
  #log: Log;
  #overlapLooks: number;
  /** The certificate that was stored as the served one, and the looks in a row that found it so. */
  #serving = { cert: '', looks: 0 };

  constructor(store: SecretStore, hosts: readonly string[], log: Log, overlapLooks = OVERLAP_LOOKS) {
    this.#store = store;
    this.#hosts = hosts;
    this.#log = log;
    this.#overlapLooks = overlapLooks;
  }

  async look(standing: Standing): Promise<Material> {
    const before = await this.#store.load();
    this.#countServing(before?.held.serving);
    const held = await this.#settle(before, standing);
    return { pair: held.serving!, trusted: held.trusted };
  }

  /** What is stored once nothing is left to be done. */
  async #settle(before: Stored | undefined, standing: Standing): Promise<Held> {
    let stored = before;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const { step, held } = await this.#advance(stored?.held ?? NOTHING, standing);
      if (held === stored?.held) return held;
      if (await this.#store.save(held, stored)) {
        this.#tell(step, held);
        return held;
      }
      stored = await this.#store.load();
    }
    throw new Error('the Secret was written to by others again and again; looking later');
  }

  async #advance(held: Held, standing: Standing): Promise<{ step: Step; held: Held }> {
    const now = new Date();
    const serving = await this.#judge('serving', held.serving, trustedFor(held, true, now));
    const next = held.next && (await this.#judge('next', held.next, [held.next.cert]));
    const published = held.next && standing.looksTrusted(held.next.cert) >= this.#overlapLooks;
    const step = stepFor(serving, next, published === true);
    const stepped = await this.#take(step, held, standing, now);
    const trusted = trustedFor(stepped, this.#overlaps(stepped), now);
    if (stepped === held && trusted.join() === held.trusted.join()) return { step, held };
    return { step, held: { ...stepped, trusted } };
  }

  async #take(step: Step, held: Held, standing: Standing, now: Date): Promise<Held> {
    switch (step) {
      case 'keep':
        return held;
      case 'prepare':
        return { ...held, next: await issue(this.#hosts, now) };
      case 'drop':
        return { ...held, next: undefined };
      case 'promote':
        return { ...held, serving: held.next, next: undefined, caKey: undefined };
      case 'issue': {
        // Other replicas go on with what they have until they look.
        const trusted = [...new Set([...(await standing.published()), ...held.trusted])];
        return { serving: await issue(this.#hosts, now), next: undefined, trusted, caKey: undefined };
      }
    }
  }

  async #judge(which: string, pair: KeyPair | undefined, trusted: readonly string[]): Promise<Verdict> {
    if (pair === undefined) return 'bad';
    const problem = await problemOf(pair, trusted, this.#hosts);
    if (problem === undefined) return verdictOn(pair, new Date());
    this.#log.warn('certificate of the Secret refused', { which, problem });
    return 'bad';
  }

  /** Whether replicas may still serve something else: another one may have written since this look began. */
  #overlaps({ serving }: Held): boolean {
    return serving?.cert !== this.#serving.cert || this.#serving.looks < this.#overlapLooks;
  }

  #countServing(serving: KeyPair | undefined): void {
    const cert = serving?.cert ?? '';
    this.#serving = { cert, looks: cert === this.#serving.cert ? this.#serving.looks + 1 : 0 };
  }

  #tell(step: Step, { serving, next, trusted }: Held): void {
    const { cert } = (step === 'prepare' ? next : serving)!;
    const expires = new X509Certificate(cert).validToDate.toISOString();
    const signedByCa = !isSelfSigned(serving!.cert);
    this.#log.info('certificates stored', { step, expires, trusted: trusted.length, signedByCa });
  }
}
