import type { ClientRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { ACCEPT, type Request, send, type Transport } from '../../watcher/kubernetes/transport.ts';
import type { Identity } from './identity.ts';

/** The watcher's way to the API server, as whoever the webhook's other requests are from: a connection for each watch. */
export function watchTransport(identity: Identity, userAgent: string): Transport {
  return {
    get(path) {
      let closed = false;
      let request: Request | undefined;
      const response = Promise.resolve(identity.options()).then((options) => {
        if (closed) throw new Error('the request was given up');
        const headers = { ...options.headers, accept: ACCEPT, 'user-agent': userAgent };
        request = send(requestTo(identity.server, path, { agent: false, ...options, headers }));
        return request.response;
      });
      // The caller may have given up on a request that fails afterwards.
      response.catch(() => {});
      const close = () => {
        closed = true;
        request?.close();
      };
      return { response, close };
    },
    unauthorized: () => identity.expire(),
  };
}

/** A request that is still to be ended. `path` is sent as it is, behind the path that the server's address may have. */
export function requestTo(server: URL, path: string, options: RequestOptions): ClientRequest {
  const all = {
    ...options,
    protocol: server.protocol,
    hostname: server.hostname.replace(/^\[|\]$/g, ''),
    port: server.port,
    path: server.pathname.replace(/\/$/, '') + path,
  };
  // Imported as a module, node:http brings Node's whole fetch along: 6 MB of memory.
  if (server.protocol === 'http:') return process.getBuiltinModule('node:http').request(all);
  return httpsRequest(all);
}
