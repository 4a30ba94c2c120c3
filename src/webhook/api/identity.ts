import type { RequestOptions } from 'node:https';
import type { Log } from '../../log.ts';
import { type Clock, systemClock } from '../../watcher/clock.ts';
import { type CredentialFiles, Credentials } from '../../watcher/kubernetes/credentials.ts';
import { upstream } from '../../watcher/kubernetes/upstream.ts';
import { SettingFault } from '../../watcher/setting-fault.ts';

/** Where the API server is, and who the webhook is to it. */
export interface Identity {
  server: URL;
  /** What the next request proves itself with: the CA, a certificate, headers. Any of them may have been replaced. */
  options(): RequestOptions | Promise<RequestOptions>;
  /** The API server refused it (401): what can be read again is, before the next request. */
  expire(): void;
}

/** The identity that a kubeconfig gives, or else the one that every pod has; throws a sentence for the user. */
export function identityOf(kubeconfig: string | undefined, log: Log): Identity | Promise<Identity> {
  return kubeconfig === undefined ? podIdentity(process.env, log) : kubeconfigIdentity(kubeconfig);
}

/** The account of the pod; `files` are those that the kubelet mounts, unless given. */
export function podIdentity(
  environment: NodeJS.ProcessEnv,
  log: Log,
  files?: CredentialFiles,
  clock: Clock = systemClock,
): Identity {
  if (!environment.KUBERNETES_SERVICE_HOST) {
    throw new Error('--kubeconfig is missing and this is not a pod (no KUBERNETES_SERVICE_HOST); give it');
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

/**
 * The current context of a kubeconfig. Only here is client-node loaded, which takes 35 MB: for its parsing,
 * and for all the ways in which a kubeconfig can authenticate (exec plugins, client certificates, OIDC).
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
    server: new URL(cluster.server),
    async options() {
      const options: RequestOptions = { headers: {} };
      await config.applyToHTTPSOptions(options);
      // Its agent keeps no connection; it is of use only to get through a proxy.
      if (!cluster.proxyUrl) delete options.agent;
      return options;
    },
    // It reads a token's file again by itself, every minute.
    expire() {},
  };
}
