import { existsSync } from 'node:fs';
import { UsageError } from '../../config.ts';
import { isDnsLabel, isDnsSubdomain } from '../../watcher/membership/grammar.ts';

/** The operand of the command: the view of a pod's sidecar, the members of a Service, or the stream of a socket. */
export type Watched = { kind: 'pod' | 'service'; name: string } | { kind: 'socket'; path: string };

const WORDS: Readonly<Record<string, 'pod' | 'service'>> = {
  po: 'pod',
  pod: 'pod',
  pods: 'pod',
  svc: 'service',
  service: 'service',
  services: 'service',
};

/**
 * Reads `pod/NAME`, `service/NAME`, or a path, which begins with `/` or `.`. Without an operand it is the socket
 * of the injected sidecar, where there is one. Throws a `UsageError` that says what to give.
 */
export function watchedOf(operand: string | undefined, usual: string): Watched {
  if (operand === undefined) {
    if (existsSync(usual)) return { kind: 'socket', path: usual };
    throw new UsageError(
      `nothing to watch, and there is no ${usual}; give pod/NAME, service/NAME or a socket`,
    );
  }
  if (/^[./]/.test(operand)) return { kind: 'socket', path: operand };
  const [word = '', name = '', ...more] = operand.split('/');
  const kind = Object.hasOwn(WORDS, word.toLowerCase()) ? WORDS[word.toLowerCase()] : undefined;
  const isName = kind === 'service' ? isDnsLabel : isDnsSubdomain;
  if (kind === undefined || more.length > 0 || !isName(name)) {
    throw new UsageError(
      `"${operand}" can't be watched; give pod/NAME, service/NAME, or the path of a socket, which begins with / or .`,
    );
  }
  return { kind, name };
}
