import type { RequestOptions } from 'node:https';
import type { Log } from '../../log.ts';
import { serverUrl } from '../../values.ts';
import { type Clock, systemClock } from '../../watcher/clock.ts';
import { type CredentialFiles, Credentials } from '../../watcher/kubernetes/credentials.ts';
import { upstream } from '../../watcher/kubernetes/upstream.ts';
import { SettingFault } from '../../watcher/setting-fault.ts';

/** The address of the API server, and the credentials of the webhook. */
export interface Identity {
  server: URL;
  /**
   * Returns the CA, the client certificate and the headers of the next request. Each of them may have been
   * replaced since the last one.
   */
  options(): RequestOptions | Promise<RequestOptions>;
  /** Is called when the API server says 401. The credentials are then read again before the next request. */
  expire(): void;
}

/**
 * Returns the identity of a kubeconfig or, without one, that of the pod. It throws a sentence for the user.
 */
export function identityOf(kubeconfig: string | undefined, log: Log): Identity | Promise<Identity> {
  return kubeconfig === undefined ? podIdentity(process.env, log) : kubeconfigIdentity(kubeconfig);
}

/** Returns the identity of the pod's ServiceAccount. `files` are by default those that the kubelet mounts. */
export function podIdentity(
  environment: NodeJS.ProcessEnv,
  log: Log,
  files?: CredentialFiles,
  clock: Clock = systemClock,
): Identity {
  if (!environment.KUBERNETES_SERVICE_HOST) {
    throw new Error(
      '--kubeconfig is missing and this is not a pod (KUBERNETES_SERVICE_HOST is not set); give it',
    );
  }
  const { server, files: mounted } = upstream({}, environment);
  const credentials = readCredentials(files ?? mounted, clock, log);
  return {
    server: new URL(server),
    options() {
      const { token, ca } = credentials.current();
      return { ...(ca === undefined ? {} : { ca }), headers: { authorization: `Bearer ${token}` } };
    },
    expire: () => credentials.expire(),
  };
}

function readCredentials(files: CredentialFiles, clock: Clock, log: Log): Credentials {
  try {
    return new Credentials(files, clock, log);
  } catch (error) {
    const reason = error instanceof SettingFault ? error.reason : (error as Error).message;
    throw new Error(
      `--kubeconfig is missing and the account of this pod can't be used (${reason}); ` +
        'give it, or set automountServiceAccountToken',
    );
  }
}

/** Returns the server that a kubeconfig names. Throws a sentence where that is no URL of one. */
function serverOf(server: string, file: string): string {
  try {
    return serverUrl(server);
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`--kubeconfig: "${file}" names the server "${server}", which is none; ${message}`);
  }
}

/**
 * Returns the identity of a kubeconfig's current context. Only here is client-node loaded, which takes 35 MB:
 * it parses the file and knows all ways in which a kubeconfig can authenticate (exec plugins, client
 * certificates, OIDC).
 */
export async function kubeconfigIdentity(file: string): Promise<Identity> {
  const { KubeConfig } = await import('../../kubeconfig.ts');
  const config = new KubeConfig();
  try {
    config.loadFromFile(file);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw new Error(`--kubeconfig: "${file}" can't be used (${reason}); give a kubeconfig`);
  }
  const cluster = config.getCurrentCluster();
  if (!cluster?.server) {
    throw new Error(`--kubeconfig: "${file}" names no current cluster; set its current-context`);
  }
  return {
    server: new URL(serverOf(cluster.server, file)),
    async options() {
      const options: RequestOptions = { headers: {} };
      await config.applyToHTTPSOptions(options);
      // Its agent keeps no connections; it is needed only for a proxy.
      if (!cluster.proxyUrl) delete options.agent;
      return options;
    },
    expire: () => config.refused(),
  };
}
