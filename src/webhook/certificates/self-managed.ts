import { X509Certificate } from 'node:crypto';
import type { Log } from '../../log.ts';
import { issue } from './issue.ts';
import { problemOf } from './judge.ts';
import { type RotationStep, type SecretContent, stepFor, trustedFor } from './rotation.ts';
import type { CertificateSource, CertificateStanding, KeyPair, Material } from './source.ts';
import type { SecretStore, Stored } from './store.ts';
import { isSelfSigned, type Verdict, verdictOn } from './verdict.ts';

/**
 * The number of attempts to store a change. Each failed attempt means that another replica wrote, and a look
 * of a replica writes once or twice.
 */
const ATTEMPTS = 10;
/**
 * The number of looks, a minute apart, for which a new certificate is published before it is served, and for
 * which the old one stays trusted afterwards: an hour. API servers receive a new bundle within seconds and
 * replicas look each minute; the rest is for a roll-out that is stuck.
 */
export const OVERLAP_LOOKS = 60;
const NOTHING: SecretContent = { serving: undefined, next: undefined, trusted: [], caKey: undefined };

/**
 * Issues certificates and keeps them in one Secret that all replicas share. The first replica that finds
 * something to do writes the Secret; the others take what it wrote.
 */
export class SelfManaged implements CertificateSource {
  #store: SecretStore;
  #hosts: readonly string[];
  #log: Log;
  #overlapLooks: number;
  /** The certificate that the Secret says is served, and the number of looks in a row that found it there. */
  #serving = { cert: '', looks: 0 };

  constructor(store: SecretStore, hosts: readonly string[], log: Log, overlapLooks = OVERLAP_LOOKS) {
    this.#store = store;
    this.#hosts = hosts;
    this.#log = log;
    this.#overlapLooks = overlapLooks;
  }

  async look(standing: CertificateStanding): Promise<Material> {
    const before = await this.#store.load();
    this.#countServing(before?.content.serving, standing.early);
    const content = await this.#settle(before, standing);
    return { pair: content.serving!, trusted: content.trusted };
  }

  /** Stores what has to be changed, and returns what is stored afterwards. */
  async #settle(before: Stored | undefined, standing: CertificateStanding): Promise<SecretContent> {
    let stored = before;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const { step, content } = await this.#advance(stored ?? { content: NOTHING }, standing);
      if (content === stored?.content) return content;
      if (await this.#store.save(content, stored)) {
        this.#tell(step, content);
        return content;
      }
      stored = await this.#store.load();
    }
    throw new Error('other replicas changed the Secret again and again; the next look tries again');
  }

  async #advance(
    { content, renew }: Pick<Stored, 'content' | 'renew'>,
    standing: CertificateStanding,
  ): Promise<{ step: RotationStep; content: SecretContent }> {
    const now = new Date();
    const judged = await this.#judge('serving', content.serving, trustedFor(content, true, now));
    const serving = judged === 'good' && isAsked(renew, content.serving!) ? 'due' : judged;
    const next = content.next && (await this.#judge('next', content.next, [content.next.cert]));
    const published = content.next && standing.looksTrusted(content.next.cert) >= this.#overlapLooks;
    const step = stepFor(serving, next, published === true);
    const stepped = await this.#take(step, content, standing, now);
    const trusted = trustedFor(stepped, this.#overlaps(stepped), now);
    if (stepped === content && trusted.join() === content.trusted.join()) return { step, content };
    return { step, content: { ...stepped, trusted } };
  }

  async #take(
    step: RotationStep,
    content: SecretContent,
    standing: CertificateStanding,
    now: Date,
  ): Promise<SecretContent> {
    switch (step) {
      case 'keep':
        return content;
      case 'prepare':
        return { ...content, next: await issue(this.#hosts, now) };
      case 'drop':
        return { ...content, next: undefined };
      case 'promote':
        return { ...content, serving: content.next, next: undefined, caKey: undefined };
      case 'issue': {
        // Other replicas serve what they have until they look again.
        const trusted = [...new Set([...(await standing.published()), ...content.trusted])];
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

  /**
   * Tells whether replicas may still serve another certificate: the Secret may have changed since this look
   * began, or less than an hour ago.
   */
  #overlaps({ serving }: SecretContent): boolean {
    return serving?.cert !== this.#serving.cert || this.#serving.looks < this.#overlapLooks;
  }

  #countServing(serving: KeyPair | undefined, early: boolean): void {
    const cert = serving?.cert ?? '';
    const looks = this.#serving.looks + (early ? 0 : 1);
    this.#serving = { cert, looks: cert === this.#serving.cert ? looks : 0 };
  }

  #tell(step: RotationStep, { serving, next, trusted }: SecretContent): void {
    const { cert } = (step === 'prepare' ? next : serving)!;
    const expires = new X509Certificate(cert).validToDate.toISOString();
    const signedByCa = !isSelfSigned(serving!.cert);
    this.#log.info('certificates stored', { step, expires, trusted: trusted.length, signedByCa });
  }
}

/** Tells whether somebody has asked for the renewal of this pair. The request does not count for the next one. */
function isAsked(renew: string | undefined, { cert }: KeyPair): boolean {
  return renew !== undefined && new X509Certificate(cert).fingerprint256 === renew;
}
