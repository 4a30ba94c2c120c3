import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import type { ApiServerToken } from './api-server-token.ts';

/** Reads one path of the Kubernetes API; resolves with the parsed JSON. */
export type Get = (path: string) => Promise<unknown>;

/** The signatures that API servers make, and how: by RSA or by an elliptic curve. */
const ALGORITHMS: Record<string, { type: string; hash: string; curve?: string }> = {
  RS256: { type: 'rsa', hash: 'sha256' },
  ES256: { type: 'ec', hash: 'sha256', curve: 'prime256v1' },
  ES384: { type: 'ec', hash: 'sha384', curve: 'secp384r1' },
  ES512: { type: 'ec', hash: 'sha512', curve: 'secp521r1' },
};
/** Keys rotate about once a year; a token with an unknown one may be by the next, or by a stranger who tries. */
const ASK_AGAIN_MS = 60_000;
/** A cluster has one or two keys. */
const KEYS = 20;

/** The cluster's own issuer and keys, which every ServiceAccount may read. */
export class IssuerKeys {
  #get: Get;
  #now: () => number;
  #keys = new Map<string, KeyObject>();
  #asked = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;
  issuer: string | undefined;

  constructor(get: Get, now = () => performance.now()) {
    this.#get = get;
    this.#now = now;
  }

  /** Whether a key is known by this id, or can't become known right now. */
  settled(id: string): boolean {
    if (this.issuer !== undefined && this.#keys.has(id)) return true;
    return this.#asking === undefined && this.#now() - this.#asked < ASK_AGAIN_MS;
  }

  /** Asks the API server, at most once a minute and never twice at a time; rejects where that fails. */
  async learn(): Promise<void> {
    this.#asking ??= this.#learn().finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
  }

  /** Undefined when there is no key by this id. */
  isSigned({ algorithm, keyId, signed, signature }: ApiServerToken): boolean | undefined {
    const key = this.#keys.get(keyId);
    if (key === undefined) return undefined;
    const wanted = Object.hasOwn(ALGORITHMS, algorithm) ? ALGORITHMS[algorithm] : undefined;
    // The algorithm is the key's to choose, not the token's.
    if (wanted === undefined || key.asymmetricKeyType !== wanted.type) return false;
    if (key.asymmetricKeyDetails?.namedCurve !== wanted.curve) return false;
    return verify(wanted.hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, signature);
  }

  async #learn(): Promise<void> {
    this.#asked = this.#now();
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
    return [];
  }
}
