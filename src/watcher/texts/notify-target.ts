import { isIPv4 } from 'node:net';

/** The shape of what may be an address to notify: the parser of URLs takes much more than anybody writes. */
export const TARGET = /^(?:[hH][tT][tT][pP]|[uU][dD][pP]):[^ \t\n\v\f\r]+$/;

/** Returns the URL in `text`, which is http or udp and leads to this pod; throws when it is not. */
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
