import { UsageError } from '../../config.ts';
import type { KubeConfig } from '../../kubeconfig.ts';
import { serverUrl } from '../../values.ts';
import type { Transport } from '../../watcher/kubernetes/transport.ts';
import { at, type Fields } from '../document/value.ts';
import type { Io } from '../io.ts';
import { pathOf, type Reference } from './kinds.ts';
import { type ClusterFlags, readKubeconfig } from './kubeconfig.ts';
import { type ClusterAnswer, request } from './request.ts';
import { watchTransport } from './watch-transport.ts';

/** The time for the answer of a pod. Pods answer within milliseconds, and many may have to be asked. */
const POD_MS = 5000;
/**
 * The longest answer of a pod that is read. The metrics of a sidecar or a webhook have some 20 kB, and what answers at
 * the port of a pod is whatever its author runs there.
 */
const POD_BYTES = 1024 * 1024;

/** An API server, which is asked as the user of the kubeconfig. Each request throws `Unreachable` without an answer. */
export interface Cluster {
  server: string;
  /** The namespace of the context. */
  namespace: string;
  version(): Promise<ClusterAnswer>;
  /** Reads an object, or a list where the reference has no name. */
  get(reference: Reference, query?: Readonly<Record<string, string>>): Promise<ClusterAnswer>;
  /** Creates an object by a dry run: it goes through admission, and is not stored. */
  dryRun(reference: Reference, object: Fields): Promise<ClusterAnswer>;
  /** Tells whether the user may do this in all namespaces, and undefined when the server does not say. */
  may(verb: string, group: string, resource: string): Promise<boolean | undefined>;
  /** Returns the names of the API groups that the server has. */
  groups(): Promise<readonly string[]>;
  /** Changes an object by a merge patch. With a `resourceVersion` in it, an object that has changed stays as it is. */
  patch(reference: Reference, change: Fields): Promise<ClusterAnswer>;
  /** Deletes just the object that was read. */
  delete(reference: Reference, read: { uid: string; resourceVersion: string }): Promise<ClusterAnswer>;
  /** Evicts a pod by the Eviction API, which respects every PodDisruptionBudget. */
  evict(pod: { namespace: string; name: string; uid: string }): Promise<ClusterAnswer>;
  /** Asks a port of a pod through the API server's proxy, which verifies no certificate of a pod. */
  ofPod(pod: PodPort, path: string): Promise<ClusterAnswer>;
  /** The transport of lists and watches. */
  watching: Transport;
}

export interface PodPort {
  namespace: string;
  name: string;
  port: number;
  scheme?: 'http' | 'https';
}

export async function connect(flags: ClusterFlags, { env }: Io): Promise<Cluster> {
  const config = await readKubeconfig(flags, env);
  const server = serverOf(config);
  return {
    server,
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
    version: () => request(config, server, 'GET', '/version'),
    get: (reference, query = {}) => {
      const search = new URLSearchParams(query).toString();
      return request(config, server, 'GET', `${pathOf(reference)}${search === '' ? '' : `?${search}`}`);
    },
    dryRun: (reference, body) => request(config, server, 'POST', `${pathOf(reference)}?dryRun=All`, { body }),
    may: async (verb, group, resource) => {
      const body = { spec: { resourceAttributes: { verb, group, resource } } };
      const reply = await request(config, server, 'POST', pathOf({ kind: 'SelfSubjectAccessReview' }), {
        body,
      });
      const allowed = at(reply.body, ['status', 'allowed']);
      return typeof allowed === 'boolean' ? allowed : undefined;
    },
    groups: async () => {
      const { body } = await request(config, server, 'GET', '/apis');
      const groups = Array.isArray(body.groups) ? body.groups : [];
      return groups.map((group) => at(group, ['name'])).filter((name) => typeof name === 'string');
    },
    patch: (reference, body) => request(config, server, 'PATCH', pathOf(reference), { body }),
    delete: (reference, preconditions) => {
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions };
      return request(config, server, 'DELETE', pathOf(reference), { body });
    },
    evict: ({ namespace, name, uid }) => {
      const deleteOptions = { preconditions: { uid } };
      const metadata = { namespace, name };
      const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata, deleteOptions };
      const path = `${pathOf({ kind: 'Pod', namespace, name })}/eviction`;
      return request(config, server, 'POST', path, { body });
    },
    ofPod: ({ namespace, name, port, scheme = 'http' }, path) => {
      const proxy = `/api/v1/namespaces/${namespace}/pods/${scheme}:${name}:${port}/proxy${path}`;
      // The API server passes the request on to the pod, so an answer that does not come is that of the pod.
      const asked = `port ${port} of pod/${name}, asked through the API server,`;
      return request(config, server, 'GET', proxy, { timeoutMs: POD_MS, maxBytes: POD_BYTES, asked });
    },
    watching: watchTransport(config, server),
  };
}

/** Returns the server of the current context. Throws `UsageError` where there is none. */
function serverOf(config: KubeConfig): string {
  const context = config.getCurrentContext();
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) {
    const known = config.getContexts().map(({ name }) => name);
    throw new UsageError(
      known.length > 0 && context && !known.includes(context)
        ? `current-context: "${context}" is not in the kubeconfig; give --context, one of ${known.join(' ')}`
        : 'no cluster is known; give --kubeconfig FILE, or set KUBECONFIG or a current context',
    );
  }
  try {
    return serverUrl(server);
  } catch (error) {
    const { message } = error as Error;
    throw new UsageError(`server: "${server}" of the context "${context}" is no API server; ${message}`);
  }
}
