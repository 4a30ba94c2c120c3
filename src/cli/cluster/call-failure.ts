/**
 * The kinds of failure to ask a webhook. The API server has one status and one reason for all of them, so its
 * sentence is read here, once, into a code.
 */
export type CallFailure = 'timeout' | 'no-endpoints' | 'no-connection' | 'certificate' | 'fault';

/** The number of characters that are read, since the sentence may hold the answer of a webhook of any length. */
const READ_CHARACTERS = 4096;

/**
 * The sentences of Go, of the API server and of its tunnels, by the kind of failure. A handshake that times out
 * mentions no x509, and a certificate that is refused mentions no timeout.
 */
const SENTENCES: readonly (readonly [RegExp, CallFailure])[] = [
  [/x509: |tls: |unable to load root certificates/, 'certificate'],
  [/no endpoints available|service "[^"]*" not found/, 'no-endpoints'],
  // A connection that was kept, and ended while the call was written or read, is one that could not be had.
  [
    /connection refused|no such host|connection reset|broken pipe|: (?:unexpected )?EOF|connection lost|closed idle connection|GOAWAY/,
    'no-connection',
  ],
  [
    /deadline exceeded|i\/o timeout|handshake timeout|dial timeout|Client\.Timeout|no route to host|network is unreachable|No agent available/,
    'timeout',
  ],
];

/** Returns the webhook that could not be asked, and why. It returns undefined when the sentence says something else. */
export function callFailure(sentence: string): { webhook: string; failure: CallFailure } | undefined {
  const read = sentence.slice(0, READ_CHARACTERS);
  const [, webhook] = /failed calling webhook "([^"]+)"/.exec(read) ?? [];
  if (webhook === undefined) return undefined;
  const found = SENTENCES.find(([pattern]) => pattern.test(read));
  return { webhook, failure: found?.[1] ?? 'fault' };
}
