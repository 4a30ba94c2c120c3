/**
 * Why the API server could not ask a webhook. It has one status and one reason for all of this, so its sentence is
 * read here, once, into a code.
 */
export type CallFailure = 'timeout' | 'no-endpoints' | 'no-connection' | 'certificate' | 'fault';

/** A sentence is as long as the webhook's own answer, which is not ours to trust. */
const READ_CHARACTERS = 4096;

/**
 * By what Go, the API server and its tunnels say, the most telling first: a handshake that times out names x509
 * nowhere, and a certificate that is refused names no timeout.
 */
const SENTENCES: readonly (readonly [RegExp, CallFailure])[] = [
  [/x509: |tls: |unable to load root certificates/, 'certificate'],
  [/no endpoints available|service "[^"]*" not found/, 'no-endpoints'],
  [/connection refused|no such host|connection reset|: EOF/, 'no-connection'],
  [
    /deadline exceeded|i\/o timeout|handshake timeout|dial timeout|Client\.Timeout|no route to host|network is unreachable|No agent available/,
    'timeout',
  ],
];

/** The webhook that could not be asked, and why; undefined when that is not what the sentence says. */
export function callFailure(sentence: string): { webhook: string; failure: CallFailure } | undefined {
  const read = sentence.slice(0, READ_CHARACTERS);
  const [, webhook] = /failed calling webhook "([^"]+)"/.exec(read) ?? [];
  if (webhook === undefined) return undefined;
  const found = SENTENCES.find(([pattern]) => pattern.test(read));
  return { webhook, failure: found?.[1] ?? 'fault' };
}
