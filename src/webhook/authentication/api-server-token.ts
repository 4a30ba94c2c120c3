/**
 * The token by which an API server proves itself to a webhook (KEP-6060, alpha in Kubernetes 1.37): a token of
 * a ServiceAccount, bound to the webhook's own configuration, with an attestation that its bearer may ask about
 * an API group. The facts, from the source of Kubernetes 1.37 (pkg/serviceaccount/claims.go and
 * pkg/registry/core/serviceaccount/storage/token.go): it is issued for at most 10 minutes; the audience is
 * `https://SERVICE.NAMESPACE.svc:PORT/PATH`, which the API server does not check where the attestation is "*",
 * so that the webhook must; and the core group, which pods belong to, can only be attested as "*".
 *
 * A token of any pod may have any audience: it is the attestation, which only an authorized account gets, that
 * tells an API server from a pod.
 */

export interface ExpectedClaims {
  issuer: string;
  /** The URL of this webhook, as an API server derives it from the configuration. */
  audience: string;
  /** The name of the MutatingWebhookConfiguration. */
  configuration: string;
}

export interface ApiServerToken {
  algorithm: string;
  keyId: string;
  claims: Record<string, unknown>;
  /** The text that is signed, and its signature. */
  signed: string;
  signature: Buffer;
}

/** The length of the longest token that is read. Tokens of ServiceAccounts have 1 to 2 KB. */
const TOKEN_LENGTH = 6144;
/** The difference between clocks of two machines that is tolerated. */
const LEEWAY_S = 10;

/**
 * Parses a JSON Web Token, and returns undefined when `text` is none: it is then a credential for somebody
 * else.
 */
export function parseToken(text: string): ApiServerToken | undefined {
  const [head, body, signature, ...rest] = text.length > TOKEN_LENGTH ? [] : text.split('.');
  if (!head || !body || !signature || rest.length > 0) return undefined;
  const header = jsonOf(head);
  const claims = jsonOf(body);
  if (header === undefined || claims === undefined) return undefined;
  const { alg, kid } = header;
  if (typeof alg !== 'string' || typeof kid !== 'string') return undefined;
  return {
    algorithm: alg,
    keyId: kid,
    claims,
    signed: `${head}.${body}`,
    signature: Buffer.from(signature, 'base64url'),
  };
}

/** Returns what is wrong with the claims of a token whose signature is good, or undefined when nothing is. */
export function claimsProblem(
  { claims }: ApiServerToken,
  { issuer, audience, configuration }: ExpectedClaims,
  nowSeconds: number,
): string | undefined {
  const { iss, aud, exp, nbf } = claims;
  if (iss !== issuer) return 'the token is of another issuer';
  if (!(Array.isArray(aud) ? aud : [aud]).includes(audience)) return 'the token is not for this webhook';
  if (typeof exp !== 'number' || exp + LEEWAY_S < nowSeconds) return 'the token has run out';
  if (nbf !== undefined && !(typeof nbf === 'number' && nbf - LEEWAY_S <= nowSeconds)) {
    return 'the token does not hold yet';
  }
  const bound = objectOf(claims['kubernetes.io']);
  if (objectOf(bound.mutatingwebhookconfiguration).name !== configuration) {
    return 'the token is not bound to the configuration of this webhook';
  }
  const groups = objectOf(bound.attestations).admissionReviewAPIGroups;
  if (!Array.isArray(groups) || !groups.includes('*')) return 'the token attests no question about pods';
  return undefined;
}

function jsonOf(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // A part of a token that is not JSON makes the token malformed, which the caller says.
    return undefined;
  }
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
