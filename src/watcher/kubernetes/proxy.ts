import { BlockList, isIP, type Socket } from 'node:net';
import { messageOf } from './api-error.ts';

/** The variables of the process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy on the way to an API server over TLS, from HTTPS_PROXY and NO_PROXY as client-go and curl read
 * them; undefined when there is none. Throws what to mend.
 */
export function proxyFor(server: URL, environment: Environment): URL | undefined {
  if (server.protocol !== 'https:' || isLocal(hostOf(server))) return undefined;
  const given = environment.https_proxy || environment.HTTPS_PROXY;
  if (!given || isExempt(server, environment.no_proxy || environment.NO_PROXY || '')) return undefined;
  const text = given.includes('://') ? given : `http://${given}`;
  const proxy = URL.canParse(text) ? new URL(text) : undefined;
  if (proxy?.protocol === 'http:' || proxy?.protocol === 'https:') {
    if (userOf(proxy) !== undefined) return proxy;
    // The value has a password, which is not for a log.
    throw new Error('HTTPS_PROXY: its user or password has a "%" that begins no escape; write it as "%25"');
  }
  throw new Error(`HTTPS_PROXY: "${given}" is no proxy that can be used; give http://HOST:PORT`);
}

/** Returns whether NO_PROXY names the server: by `*`, an address, a range of them, or a domain with all below it. */
function isExempt(server: URL, noProxy: string): boolean {
  const host = hostOf(server);
  return noProxy
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '')
    .some((entry) => {
      const [, name = entry, port] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
      if (port !== undefined && port !== (server.port || '443')) return false;
      return isNamed(host, name.replace(/^\[|\]$/g, ''));
    });
}

function isNamed(host: string, name: string): boolean {
  if (name === '*' || name === host) return true;
  const [address = '', prefix] = name.split('/');
  if (prefix !== undefined) return isInRange(host, address, Number(prefix));
  return isIP(host) === 0 && host.endsWith(`.${name.replace(/^\*?\./, '')}`);
}

function isInRange(host: string, address: string, prefix: number): boolean {
  const [family, other] = [isIP(host), isIP(address)];
  if (family === 0 || family !== other || !(prefix >= 0 && prefix <= (family === 4 ? 32 : 128))) return false;
  const range = new BlockList();
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  range.addSubnet(address, prefix, kind);
  return range.check(host, kind);
}

function isLocal(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function hostOf({ hostname }: URL): string {
  return hostname.toLowerCase().replace(/^\[|\]$/g, '');
}

/** Returns the user and the password of a proxy, `:` where it has neither, and undefined where they can't be decoded. */
function userOf({ username, password }: URL): string | undefined {
  try {
    return `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  } catch {
    return undefined;
  }
}

/** Opens a connection to `target` through the proxy (CONNECT), before its TLS; `close` gives it up at any time. */
export function tunnel(proxy: URL, target: URL): { socket: Promise<Socket>; close(): void } {
  const to = `${target.hostname}:${target.port || 443}`;
  const user = userOf(proxy) ?? ':';
  // Imported as a module, node:http brings Node's whole fetch along: 6 MB of memory.
  const name = proxy.protocol === 'http:' ? 'node:http' : 'node:https';
  const request = process.getBuiltinModule(name).request({
    method: 'CONNECT',
    host: hostOf(proxy),
    port: proxy.port || (proxy.protocol === 'http:' ? 80 : 443),
    path: to,
    agent: false,
    headers: {
      host: to,
      ...(user === ':' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(user).toString('base64')}` }),
    },
  });
  const socket = new Promise<Socket>((resolve, reject) => {
    const refused = (why: string) => reject(new Error(`the proxy ${proxy.host} ${why}`));
    request.on('error', (error) => refused(`can't be used: ${messageOf(error)}`));
    request.on('response', ({ statusCode }) => refused(`answered ${statusCode}`));
    request.on('connect', ({ statusCode }, connection: Socket, head) => {
      if (statusCode === 200 && head.length === 0) return resolve(connection);
      connection.destroy();
      refused(`answered ${statusCode}`);
    });
  });
  // The caller may have closed a tunnel that fails afterwards.
  socket.catch(() => {});
  request.end();
  return { socket, close: () => request.destroy() };
}
