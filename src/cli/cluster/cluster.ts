import { UsageError } from '../../config.ts';
import type { Transport } from '../../watcher/kubernetes/transport.ts';
import { at, type Fields } from '../document/value.ts';
import type { Io } from '../io.ts';
import { pathOf, type Reference } from './kinds.ts';
import { type ClusterFlags, readKubeconfig } from './kubeconfig.ts';
import { type ClusterAnswer, request } from './request.ts';
import { watchTransport } from './watch-transport.ts';

/** A sidecar answers within milliseconds; one that does not is not waited for, since there may be many. */
const POD_MS = 5000;

/** An API server, asked as the user of the kubeconfig. Each request throws `Unreachable` without an answer. */
export interface Cluster {
  server: string;
  /** The namespace of the context. */
  namespace: string;
  version(): Promise<ClusterAnswer>;
  /** Reads an object, or a list where the reference has no name. */
  get(reference: Reference, query?: Readonly<Record<string, string>>): Promise<ClusterAnswer>;
  /** Creates an object as far as admission: nothing is stored. */
  dryRun(reference: Reference, object: Fields): Promise<ClusterAnswer>;
  /** Whether the user may do this in all namespaces; undefined when the server does not say. */
  may(verb: string, group: string, resource: string): Promise<boolean | undefined>;
  /** The names of the API groups that the server has. */
  groups(): Promise<readonly string[]>;
  /** Changes what the merge patch names. With a `resourceVersion` in it, only what was read is changed. */
  patch(reference: Reference, change: Fields): Promise<ClusterAnswer>;
  /** Deletes just the object that was read. */
  delete(reference: Reference, read: { uid: string; resourceVersion: string }): Promise<ClusterAnswer>;
  /** Has a pod leave by the Eviction API, which keeps to the budgets of disruptions. */
  evict(pod: { namespace: string; name: string; uid: string }): Promise<ClusterAnswer>;
  /** Asks a port of a pod, by way of the API server. Over HTTPS the API server trusts whatever answers. */
  ofPod(pod: PodPort, path: string): Promise<ClusterAnswer>;
  /** The way for a list and watch, which goes on for ever. */
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
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) {
    throw new UsageError(
      'no cluster is known; give --kubeconfig FILE, or set KUBECONFIG or a current context',
    );
  }
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
      return request(config, server, 'GET', proxy, { timeoutMs: POD_MS });
    },
    watching: watchTransport(config, server),
  };
}
