import { X509Certificate } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../../log.ts';
import { WEBHOOK_METRICS } from '../../metric-table.ts';
import type { Counter, Metrics } from '../../metrics.ts';
import { sentenceOf } from '../api/api.ts';
import { background } from '../survival.ts';
import { problemOf } from './judge.ts';
import type { Bundles } from './publish.ts';
import type { CertificateSource, KeyPair, Material } from './source.ts';

/**
 * The longest pause between two looks. Timers stand still while a machine is suspended, so a certificate that
 * has run out in the meantime is noticed within a minute.
 */
const LOOK_MS = 60_000;
/** The pause before the first success, which is short because nobody can be served until then. */
const FIRST_LOOK_MS = 1000;
/**
 * The shortest pause before an early look. Anybody who reaches the port can cause one, and it makes about five requests
 * to the API server.
 */
const EARLY_LOOK_MS = 5000;
/**
 * The pause before the first pair is served, where its trust was published a moment ago to API servers that call
 * other replicas already: as the source of certificates changes. A watch brings it within a second.
 */
const SETTLE_MS = 3000;

export interface CertificateOptions {
  source: CertificateSource;
  /** The configuration in which API servers find what to trust. */
  configuration: Bundles;
  /** The host names under which API servers call, the most used one first. */
  hosts: readonly string[];
  log: Log;
  metrics: Metrics;
  /** Waits between two looks. */
  wait?(ms: number): Promise<unknown>;
  /** Waits until API servers trust what was published a moment ago. */
  settle?(): Promise<unknown>;
  /** Returns the time in milliseconds. */
  now?(): number;
}

/**
 * Keeps the served certificate up to date. It asks the source, tries the pair, publishes its trust and only
 * then serves it, so that API servers trust a certificate before they see it. Whatever goes wrong, the last
 * good pair stays in use.
 */
export class CertificateKeeper {
  #options: CertificateOptions;
  #served: KeyPair | undefined;
  /**
   * The number of looks in a row, after the first, that found a certificate in every entry of the
   * configuration.
   */
  #looks = new Map<string, number>();
  /** Whether the first look has changed what API servers trusted before. */
  #changed = false;
  /** The time of the end of the last look. */
  #lookedAt = 0;
  /** Ends the pause that runs. */
  #lookEarly = () => {};
  #renewals: Counter<never>;
  #failures: Counter<never>;

  constructor(options: CertificateOptions) {
    this.#options = options;
    const { metrics } = options;
    const served = () => this.#served && new X509Certificate(this.#served.cert);
    const seconds = (date: Date | undefined) => date && date.getTime() / 1000;
    metrics.read(WEBHOOK_METRICS.certificateExpiry, () => seconds(served()?.validToDate));
    metrics.read(WEBHOOK_METRICS.certificateNotBefore, () => seconds(served()?.validFromDate));
    this.#renewals = metrics.counter(WEBHOOK_METRICS.certificateRenewals);
    this.#failures = metrics.counter(WEBHOOK_METRICS.certificateFailures);
  }

  /** Resolves with the first pair and goes on looking. It calls `serve` with every later pair. */
  async start(serve: (pair: KeyPair) => void): Promise<KeyPair> {
    const {
      wait = (ms: number) => delay(ms, undefined, { ref: this.#served === undefined }),
      settle = () => delay(SETTLE_MS),
    } = this.#options;
    await this.#look(() => {});
    while (this.#served === undefined) {
      await wait(jittered(FIRST_LOOK_MS));
      await this.#look(() => {});
    }
    const first = this.#served;
    if (this.#changed) await settle();
    const looking = this.#goOn(wait, (pair) => {
      serve(pair);
      this.#renewals.inc();
      this.#options.log.info('certificate replaced', { expires: new X509Certificate(pair.cert).validToDate });
    });
    background(this.#options.log)('look at the certificates', looking);
    return first;
  }

  /**
   * Looks before its minute is over, at most every few seconds. It is called when a client does not trust the served
   * certificate: somebody may have overwritten what was published, or this replica may have missed a renewal.
   */
  distrusted(): void {
    if (this.#now() - this.#lookedAt >= EARLY_LOOK_MS) this.#lookEarly();
  }

  async #goOn(wait: (ms: number) => Promise<unknown>, serve: (pair: KeyPair) => void): Promise<never> {
    for (;;) {
      const over = wait(jittered(LOOK_MS));
      while (await this.#isCalledBefore(over)) await this.#look(serve, true);
      await this.#look(serve);
    }
  }

  #isCalledBefore(over: Promise<unknown>): Promise<boolean> {
    const called = new Promise<boolean>((resolve) => {
      this.#lookEarly = () => resolve(true);
    });
    return Promise.race([over.then(() => false), called]);
  }

  /** Looks once, and calls `serve` when the pair has changed. It never rejects. */
  async #look(serve: (pair: KeyPair) => void, early = false): Promise<void> {
    try {
      const pair = await this.#choose(early);
      if (pair.cert === this.#served?.cert && pair.key === this.#served.key) return;
      serve(pair);
      this.#served = pair;
    } catch (error) {
      this.#failures.inc();
      this.#options.log.error('certificates not refreshed', { error: sentenceOf(error) });
    } finally {
      this.#lookedAt = this.#now();
    }
  }

  #now(): number {
    return this.#options.now?.() ?? performance.now();
  }

  async #choose(early: boolean): Promise<KeyPair> {
    const { source, configuration, hosts } = this.#options;
    const looks = this.#looks;
    const { pair, trusted } = await source.look({
      published: () => configuration.read(),
      looksTrusted: (cert) => looks.get(cert) ?? 0,
      early,
    });
    const problem = await problemOf(pair, trusted, hosts);
    if (problem !== undefined) {
      const advice = source.advice ? `; ${source.advice}` : '';
      throw new Error(`the certificate can't be used: ${problem}${advice}`);
    }
    const before = this.#served === undefined ? await configuration.read() : [];
    const written = await configuration.publish(trusted);
    this.#changed = written && before.length > 0;
    this.#count(trusted, written, early);
    // A certificate that was published a moment ago may not have reached every API server.
    const fresh = trusted.some((cert) => this.#looks.get(cert) === 0);
    return fresh && (await this.#stillGood(trusted)) ? this.#served! : pair;
  }

  #count(trusted: Material['trusted'], written: boolean, early: boolean): void {
    const looks = (cert: string) => {
      const before = this.#looks.get(cert);
      return before === undefined || written ? 0 : before + (early ? 0 : 1);
    };
    this.#looks = new Map(trusted.map((cert) => [cert, looks(cert)]));
  }

  async #stillGood(trusted: Material['trusted']): Promise<boolean> {
    const { hosts } = this.#options;
    return this.#served !== undefined && (await problemOf(this.#served, trusted, hosts)) === undefined;
  }
}

/** Shortens a pause by up to a tenth, so that replicas do not look at the same time. */
function jittered(ms: number): number {
  return ms * (0.9 + Math.random() / 10);
}
