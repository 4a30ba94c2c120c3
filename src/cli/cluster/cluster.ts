import { UsageError } from '../../config.ts';
import type { Fields } from '../document/value.ts';
import type { Io } from '../io.ts';
import { pathOf, type Reference } from './kinds.ts';
import { type ClusterFlags, readKubeconfig } from './kubeconfig.ts';
import { type ClusterAnswer, request } from './request.ts';

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
    dryRun: (reference, object) => request(config, server, 'POST', `${pathOf(reference)}?dryRun=All`, object),
  };
}
