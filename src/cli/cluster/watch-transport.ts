import { request as overHttp } from 'node:http';
import { type RequestOptions, request as requestHttps } from 'node:https';
import type { KubeConfig } from '../../kubeconfig.ts';
import { Addresses } from '../../watcher/kubernetes/addresses.ts';
import { ACCEPT, send, sentAfter, type Transport } from '../../watcher/kubernetes/transport.ts';
import { USER_AGENT } from './user-agent.ts';

/**
 * Returns the transport of lists and watches to the server of the kubeconfig, as its user. Each watch has a connection
 * of its own. Credentials are taken anew for each request, so that those that a program gives out are renewed.
 */
export function watchTransport(config: KubeConfig, server: string): Transport {
  const addresses = new Addresses();
  return {
    get(path) {
      const sent = (options: RequestOptions) =>
        send(requestTo(server, path, { ...options, ...addresses.options() }), addresses);
      return sentAfter(optionsOf(config), sent);
    },
    unauthorized: () => config.refused(),
  };
}

async function optionsOf(config: KubeConfig): Promise<RequestOptions> {
  const options: RequestOptions = { headers: {} };
  await config.applyToHTTPSOptions(options);
  const headers = { ...options.headers, accept: ACCEPT, 'user-agent': USER_AGENT };
  return { agent: false, ...options, headers };
}

function requestTo(server: string, path: string, options: RequestOptions) {
  const url = new URL(server.replace(/\/$/, '') + path);
  // `kubectl proxy` serves plain HTTP, for which an agent for HTTPS can't be used.
  if (url.protocol === 'http:') return overHttp(url, { ...options, agent: false });
  return requestHttps(url, options);
}
