import { isIPv4 } from 'node:net';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { Notifier } from './notifier.ts';
import { HttpNotifier } from './notify-http.ts';
import { UdpNotifier } from './notify-udp.ts';

/**
 * The notifier that `text` asks for: `http://127.0.0.1:PORT/path` or `udp://127.0.0.1:PORT`, with
 * `localhost` or `[::1]` as well. Throws a message that says what to give instead.
 */
export function notifier(text: string, clock: Clock, log: Log): Notifier {
  const url = parseTarget(text);
  return url.protocol === 'http:' ? new HttpNotifier(url, clock, log) : new UdpNotifier(url, log);
}

/** The URL in `text`, which is http or udp and leads to this pod; throws when it is not. */
export function parseTarget(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'udp:') {
    throw new Error(
      `"${text}" is not an http or udp URL; give http://127.0.0.1:PORT/PATH or udp://127.0.0.1:PORT`,
    );
  }
  if (!isLoopback(url.hostname)) {
    throw new Error(
      `"${text}" leads out of the pod, to "${url.hostname}", and membership goes to this pod only; ` +
        'give 127.0.0.1, [::1] or localhost as the host',
    );
  }
  if (url.protocol === 'udp:') {
    if (!(Number(url.port) > 0)) throw new Error(`"${text}" names no port; give udp://${url.hostname}:PORT`);
    if (url.pathname + url.search + url.hash + url.username !== '')
      throw new Error(`"${text}" is more than a host and a port; give udp://${url.host}`);
  }
  return url;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'));
}
