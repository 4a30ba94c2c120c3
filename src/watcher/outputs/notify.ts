import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { parseTarget } from '../texts/notify-target.ts';
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
