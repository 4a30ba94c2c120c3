import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { Clock } from '../clock.ts';
import { CA_NAME, NAMESPACE_NAME, TOKEN_NAME, TOKEN_PATH } from '../contract.ts';
import { familyOf, type IpFamily } from '../family.ts';
import type { Log } from '../log.ts';
import { clusterDomainIn, namespaceIn, resolvConf } from '../resolv-conf.ts';
import { SettingFault } from '../setting-fault.ts';
import { type CredentialFiles, Credentials, type CredentialTexts } from './credentials.ts';
import { type Environment, proxyFor } from './proxy.ts';
import type { Traffic } from './traffic.ts';
import { kubernetesTransport, type Transport } from './transport.ts';

/** The API server and its credentials; what is not given is what every pod has. */
export interface UpstreamOptions extends CredentialFiles {
  /** `https://10.0.0.1:6443`; then nothing is taken from the pod, neither token nor CA. */
  server?: string | undefined;
}

export interface UpstreamContext {
  clock: Clock;
  log: Log;
  userAgent: string;
  environment: Environment;
  /** Where what the API server sends is counted. */
  traffic?: Traffic;
}

/** The way to the API server. Throws a `SettingFault` for what the user must mend. */
export function kubernetesApi(
  options: UpstreamOptions & CredentialTexts,
  context: UpstreamContext,
): Transport {
  const { server, files } = upstream(options, context.environment);
  const { token, ca } = options;
  const credentials = new Credentials({ ...files, token, ca }, context.clock, context.log);
  const proxy = proxyFor(new URL(server), context.environment);
  return kubernetesTransport(server, credentials, context.userAgent, proxy, context.traffic);
}

/** The API server and its credentials: those given, else those that every pod has. */
export function upstream(
  { server, tokenFile, caFile }: UpstreamOptions,
  environment: Environment,
): { server: string; files: CredentialFiles } {
  if (server !== undefined) return { server: checked(server), files: { tokenFile, caFile } };
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  if (!host)
    throw new SettingFault({
      key: 'server',
      sentence: 'is missing and this is not a pod (no KUBERNETES_SERVICE_HOST)',
      remedy: 'give it',
    });
  return {
    server: checked(`https://${host.includes(':') ? `[${host}]` : host}:${port ?? 443}`),
    files: {
      tokenFile: tokenFile ?? `${TOKEN_PATH}/${TOKEN_NAME}`,
      caFile: caFile ?? `${TOKEN_PATH}/${CA_NAME}`,
    },
  };
}

/** Returns the URL of an API server. Throws a `SettingFault` for what is none, whoever gave it. */
function checked(server: string): string {
  const protocol = URL.canParse(server) ? new URL(server).protocol : undefined;
  if (protocol === 'https:' || protocol === 'http:') return server;
  throw new SettingFault({
    key: 'server',
    value: server,
    sentence: 'is no URL of an API server',
    remedy:
      'give one such as https://10.0.0.1:6443, or correct KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT',
  });
}

/**
 * The family that the cluster gives its pods first: that of the API server's Service, since a cluster is
 * set up with one order for Services and pods. Undefined outside of pods.
 */
export function firstFamily({ KUBERNETES_SERVICE_HOST: host = '' }: Environment): IpFamily | undefined {
  return isIP(host) === 0 ? undefined : familyOf(host);
}

/** Returns the namespace of the pod that this runs in; undefined elsewhere. */
export function ownNamespace(file = `${TOKEN_PATH}/${NAMESPACE_NAME}`): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch {
    // Outside of a pod, and in a pod without a token, there is no such file.
    return undefined;
  }
}

/** Returns the namespace of the pod from the search list, which is there also where no token is mounted. */
export function searchedNamespace(): string | undefined {
  return namespaceIn(resolvConf());
}

/** Returns the cluster's DNS domain from the search list that the kubelet writes for pods of the namespace. */
export function clusterDomain(namespace = ownNamespace()): string {
  return clusterDomainIn(resolvConf(), namespace) ?? 'cluster.local';
}
