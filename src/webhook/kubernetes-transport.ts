import * as http from 'node:http';
import * as https from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { type Request, send, type Transport } from '../watcher/kubernetes/transport.ts';

/** The watcher's way to the API server, as whoever the webhook's other requests are from. */
export function kubernetesTransport(config: KubeConfig, userAgent: string): Transport {
  return {
    get(path) {
      let closed = false;
      let request: Request | undefined;
      const response = requestOptions(config, userAgent).then((options) => {
        if (closed) throw new Error('the request was given up');
        const url = config.getCurrentCluster()!.server.replace(/\/$/, '') + path;
        request = send((url.startsWith('http:') ? http : https).request(url, options));
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
    // The configuration reads a token's file again by itself, every minute.
    unauthorized() {},
  };
}

/** Certificates, token and proxy are looked up for every request: any of them may have been replaced. */
async function requestOptions(config: KubeConfig, userAgent: string): Promise<https.RequestOptions> {
  const headers = { accept: 'application/json', 'user-agent': userAgent };
  const options: https.RequestOptions = { headers };
  await config.applyToHTTPSOptions(options);
  // Its agent keeps connections, and the CA of its first use, for ever.
  if (!config.getCurrentCluster()?.proxyUrl) options.agent = false;
  return options;
}
