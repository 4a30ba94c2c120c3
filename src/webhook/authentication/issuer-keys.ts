import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import type { ApiServerToken } from './api-server-token.ts';

/** Reads a path of the Kubernetes API and resolves with the parsed JSON. */
export type Get = (path: string) => Promise<unknown>;

/** The algorithms by which API servers sign tokens, with the kind of key that each needs. */
const ALGORITHMS: Record<string, { type: string; hash: string; curve?: string }> = {
  RS256: { type: 'rsa', hash: 'sha256' },
  ES256: { type: 'ec', hash: 'sha256', curve: 'prime256v1' },
  ES384: { type: 'ec', hash: 'sha384', curve: 'secp384r1' },
  ES512: { type: 'ec', hash: 'sha512', curve: 'secp521r1' },
};
/**
 * The pause between two requests for the keys. Keys rotate about once a year; an unknown key may be the next
 * one, or that of a stranger who tries.
 */
const ASK_AGAIN_MS = 60_000;
/**
 * The pause after a request that failed. Until the keys are known, a webhook that requires tokens refuses every
 * caller, so it is short; a stranger causes one request a second at most.
 */
const ASK_AGAIN_AFTER_FAILURE_MS = 1000;
/** The number of keys that are kept. A cluster has one or two. */
const KEYS = 20;

/** The issuer of the cluster's tokens and its public keys, which every ServiceAccount may read. */
export class IssuerKeys {
  #get: Get;
  #now: () => number;
  #keys = new Map<string, KeyObject>();
  /** The time from which the keys may be asked for again. */
  #askAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;
  issuer: string | undefined;

  constructor(get: Get, now = () => performance.now()) {
    this.#get = get;
    this.#now = now;
  }

  /**
   * Tells whether a question to the API server would change nothing: the key of this id is known, or it is
   * too early to ask again.
   */
  settled(id: string): boolean {
    if (this.issuer !== undefined && this.#keys.has(id)) return true;
    return this.#asking === undefined && this.#now() < this.#askAt;
  }

  /** Reads issuer and keys from the API server, never twice at a time. It rejects when that fails. */
  async learn(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
  }

  /** Tells whether the signature of a token is good, and returns undefined when its key is not known. */
  isSigned({ algorithm, keyId, signed, signature }: ApiServerToken): boolean | undefined {
    const key = this.#keys.get(keyId);
    if (key === undefined) return undefined;
    const wanted = Object.hasOwn(ALGORITHMS, algorithm) ? ALGORITHMS[algorithm] : undefined;
    // The key decides which algorithm is used, not the token.
    if (wanted === undefined || key.asymmetricKeyType !== wanted.type) return false;
    if (key.asymmetricKeyDetails?.namedCurve !== wanted.curve) return false;
    return verify(wanted.hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, signature);
  }

  async #ask(): Promise<void> {
    this.#askAt = this.#now() + ASK_AGAIN_MS;
    try {
      await this.#learn();
    } catch (error) {
      this.#askAt = this.#now() + ASK_AGAIN_AFTER_FAILURE_MS;
      throw error;
    }
  }

  async #learn(): Promise<void> {
    const [configuration, keys] = await Promise.all([
      this.#get('/.well-known/openid-configuration'),
      this.#get('/openid/v1/jwks'),
    ]);
    const { issuer } = configuration as { issuer?: unknown };
    const list = (keys as { keys?: unknown }).keys;
    if (typeof issuer !== 'string' || !Array.isArray(list)) throw new Error('the API server names no issuer');
    this.issuer = issuer;
    this.#keys = new Map(list.slice(0, KEYS).flatMap(keyOf));
  }
}

function keyOf(jwk: unknown): [string, KeyObject][] {
  const id = (jwk as { kid?: unknown } | null)?.kid;
  if (typeof id !== 'string') return [];
  try {
    return [[id, createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })]];
  } catch {
    // A key of a kind that Node does not know is left out, so a token that it signed is refused.
    return [];
  }
}
