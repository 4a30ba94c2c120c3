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
  /** Asks a port of a pod over HTTP, by way of the API server. */
  ofPod(pod: { namespace: string; name: string; port: number }, path: string): Promise<ClusterAnswer>;
  /** The way for a list and watch, which goes on for ever. */
  watching: Transport;
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
    ofPod: ({ namespace, name, port }, path) => {
      const proxy = `/api/v1/namespaces/${namespace}/pods/http:${name}:${port}/proxy${path}`;
      return request(config, server, 'GET', proxy, { timeoutMs: POD_MS });
    },
    watching: watchTransport(config, server),
  };
}
