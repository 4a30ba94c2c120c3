import { createHash } from 'node:crypto';
import type { Log } from '../../log.ts';
import { sentenceOf } from '../api/api.ts';
import { Refused } from '../refused.ts';
import { type ApiServerToken, claimsProblem, type ExpectedClaims, parseToken } from './api-server-token.ts';
import type { Authenticator, CallerVerdict } from './authenticator.ts';
import type { IssuerKeys } from './issuer-keys.ts';

/**
 * The number of good tokens that are remembered. An API server uses one token for 10 minutes, so this is more
 * than any cluster has; each takes 32 bytes.
 */
const REMEMBERED = 1000;

export interface TokenAuthenticatorOptions {
  keys: IssuerKeys;
  expected: Omit<ExpectedClaims, 'issuer'>;
  /** Whether callers without a token are refused. Otherwise only a bad token is refused. */
  required: boolean;
  log: Log;
  nowSeconds?: () => number;
}

/**
 * Lets callers through whose token an API server has sent. When no token is required, a credential of another
 * issuer is ignored, and keys that can't be read refuse nobody.
 */
export function tokenAuthenticator(options: TokenAuthenticatorOptions): Authenticator {
  const { keys, required, log, nowSeconds = () => Date.now() / 1000 } = options;
  /** The times at which good tokens expire, by the hash of the token. */
  const good = new Map<string, number>();

  const judge = (token: ApiServerToken, hash: string): Refused | undefined => {
    const { issuer } = keys;
    if (issuer === undefined)
      return required ? new Refused(503, 'tokens can not be verified now') : undefined;
    if (!required && token.claims.iss !== issuer) return undefined;
    const signed = keys.isSigned(token);
    const problem =
      signed === true
        ? claimsProblem(token, { ...options.expected, issuer }, nowSeconds())
        : 'the signature of the token is not by a key of this cluster';
    if (problem !== undefined) return new Refused(401, problem);
    if (good.size >= REMEMBERED) good.delete(good.keys().next().value!);
    good.set(hash, token.claims.exp as number);
    return undefined;
  };

  const learnAndJudge = async (token: ApiServerToken, hash: string): Promise<Refused | undefined> => {
    try {
      await keys.learn();
    } catch (error) {
      log.warn('keys of the token issuer not read', { error: sentenceOf(error) });
    }
    return judge(token, hash);
  };

  return {
    check({ headers }): CallerVerdict {
      const text = /^Bearer ([\w.~+/=-]+)$/i.exec(headers.authorization ?? '')?.[1];
      const missing = required ? new Refused(401, 'send the token of an API server') : undefined;
      if (text === undefined) return missing;
      const hash = createHash('sha256').update(text).digest('base64');
      const expires = good.get(hash);
      if (expires !== undefined && expires > nowSeconds()) return undefined;
      const token = parseToken(text);
      if (token === undefined) return missing;
      return keys.settled(token.keyId) ? judge(token, hash) : learnAndJudge(token, hash);
    },
  };
}
