import type { ClientRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { Addresses } from '../../watcher/kubernetes/addresses.ts';
import { ACCEPT, send, sentAfter, type Transport } from '../../watcher/kubernetes/transport.ts';
import type { Identity } from './identity.ts';

/**
 * Returns the transport for the watcher's reflector. It has the same identity as the webhook's other
 * requests, and each watch has a connection of its own.
 */
export function watchTransport(identity: Identity, userAgent: string): Transport {
  const addresses = new Addresses();
  return {
    get(path) {
      return sentAfter(Promise.resolve(identity.options()), (options) => {
        const headers = { ...options.headers, accept: ACCEPT, 'user-agent': userAgent };
        const all = { agent: false, ...options, ...addresses.options(), headers };
        return send(requestTo(identity.server, path, all), addresses);
      });
    },
    unauthorized: () => identity.expire(),
  };
}

/**
 * Returns a request, which the caller has to end. `path` is appended unchanged to the path that the server's
 * address may have.
 */
export function requestTo(server: URL, path: string, options: RequestOptions): ClientRequest {
  const all = {
    ...options,
    protocol: server.protocol,
    hostname: server.hostname.replace(/^\[|\]$/g, ''),
    port: server.port,
    path: server.pathname.replace(/\/$/, '') + path,
  };
  // An import of node:http would load Node's whole fetch: 6 MB of memory.
  if (server.protocol === 'http:') return process.getBuiltinModule('node:http').request(all);
  return httpsRequest(all);
}
