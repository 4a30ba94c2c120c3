import { readFileSync } from 'node:fs';
import type { Server } from 'node:net';
import packageJson from '../package.json' with { type: 'json' };
import { type SidecarConfig, UsageError } from './config.ts';
import { jsonLog, type Log } from './log.ts';
import { Metrics } from './metrics.ts';
import { systemClock } from './watcher/clock.ts';
import { type CredentialFiles, Credentials } from './watcher/credentials.ts';
import { endpointSlices } from './watcher/endpoint-slices.ts';
import { FileOutput } from './watcher/files.ts';
import { serveHealth } from './watcher/health.ts';
import { kubernetesSource } from './watcher/kubernetes.ts';
import { Readers } from './watcher/readers.ts';
import { serveSocket, socketPath } from './watcher/socket.ts';
import { kubernetesTransport, type Transport } from './watcher/transport.ts';
import { Watch } from './watcher/watch.ts';

/** Where the kubelet mounts the identity of a pod. */
const MOUNTED = '/var/run/secrets/kubernetes.io/serviceaccount';

/** `rollcall sidecar`: follows the service's endpoints until SIGTERM. */
export async function sidecar(config: SidecarConfig): Promise<void> {
  const log = jsonLog();
  const { namespace, service, directory } = config;
  const group = { namespace, service };
  const self = identity(config);
  const collection = endpointSlices({ group, self, clusterDomain: clusterDomain() });
  const source = kubernetesSource(
    collection,
    startUp(() => transport(config, log)),
    systemClock,
    log,
  );
  const socket = startUp(() => socketPath(directory));
  const watch = new Watch({ source, group, self, log });
  const readers = new Readers(watch, systemClock, log);
  const files = new FileOutput(directory, log);
  watch.add(readers);
  watch.add(files);
  const metrics = sidecarMetrics(watch, readers, files);

  const server = await startUp(() => serveSocket(socket, readers, log));
  const { port } = await startUp(() => serveHealth(config.port, watch, systemClock, () => metrics.text()));
  log.info('serving', { socket, port, namespace, service, version: packageJson.version });
  stopOnSignal(readers, server, config.graceSeconds, log);
  await watch.run();
}

/** Faults at the start are the user's to mend, so they are told without a stack. */
function startUp<T>(start: () => T): T {
  const explain = (error: unknown): never => {
    throw new UsageError((error as Error).message);
  };
  try {
    const result = start();
    return result instanceof Promise ? (result.catch(explain) as T) : result;
  } catch (error) {
    return explain(error);
  }
}

function transport(config: SidecarConfig, log: Log): Transport {
  const { server, files } = upstream(config, process.env);
  const credentials = new Credentials(files, systemClock, log);
  return kubernetesTransport(server, credentials, `rollcall/${packageJson.version}`);
}

/** The API server and its credentials: those given, else those that every pod has. */
function upstream(
  { server, tokenFile, caFile }: SidecarConfig,
  environment: NodeJS.ProcessEnv,
): { server: string; files: CredentialFiles } {
  if (server !== undefined) return { server, files: { tokenFile, caFile } };
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  if (!host)
    throw new Error('--server is missing and this is not a pod (no KUBERNETES_SERVICE_HOST); give it');
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port ?? 443}`,
    files: { tokenFile: tokenFile ?? `${MOUNTED}/token`, caFile: caFile ?? `${MOUNTED}/ca.crt` },
  };
}

function identity({ podName, podUid }: SidecarConfig): { uid?: string; name?: string } | undefined {
  if (podName === undefined && podUid === undefined) return undefined;
  return {
    ...(podUid === undefined ? {} : { uid: podUid }),
    ...(podName === undefined ? {} : { name: podName }),
  };
}

/** The cluster's DNS domain, from the `svc.` entry in the search list that the kubelet writes. */
function clusterDomain(): string {
  try {
    const search = /^search\s.*?\bsvc\.(\S+)/m.exec(readFileSync('/etc/resolv.conf', 'utf8'));
    return search?.[1] ?? 'cluster.local';
  } catch {
    return 'cluster.local';
  }
}

function sidecarMetrics(watch: Watch, readers: Readers, files: FileOutput): Metrics {
  const metrics = new Metrics();
  const read: Metrics['read'] = (...metric) => metrics.read(...metric);
  read('gauge', 'rollcall_members', 'Members of the group.', () => watch.members.size);
  read('gauge', 'rollcall_synced', '1 once the group is known.', () => Number(watch.synced));
  read('gauge', 'rollcall_stale', '1 while upstream can not be followed.', () => Number(watch.stale));
  read('gauge', 'rollcall_revision', 'Revision of the membership.', () => watch.revision);
  read(
    'gauge',
    'rollcall_upstream_age_seconds',
    'Seconds since upstream last gave evidence.',
    () => watch.upstreamAgeSeconds() ?? undefined,
  );
  read('gauge', 'rollcall_socket_clients', 'Connected clients.', () => readers.size);
  read('counter', 'rollcall_socket_refused_total', 'Clients refused at the cap.', () => readers.refused);
  read(
    'counter',
    'rollcall_socket_resynced_total',
    'Snapshots for clients that fell behind.',
    () => readers.resynced,
  );
  read(
    'counter',
    'rollcall_file_failures_total',
    'Writes of members.json that failed.',
    () => files.failures,
  );
  return metrics;
}

/**
 * A native sidecar is told to stop after the application has gone; elsewhere both are told at once,
 * and whoever still reads is served until it goes or the grace period nears its end.
 */
function stopOnSignal(readers: Readers, server: Server, graceSeconds: number, log: Log): void {
  const stop = (signal: string, wait: boolean) => async () => {
    log.info('stopping', { signal, clients: readers.size });
    const grace = new Promise<void>((resolve) => setTimeout(resolve, graceSeconds * 1000));
    if (wait) await Promise.race([readers.idle(), grace]);
    server.close();
    readers.close(signal);
    await Promise.race([readers.idle(), new Promise((resolve) => setTimeout(resolve, 1000))]);
    process.exit(0);
  };
  process.once('SIGTERM', stop('SIGTERM', true));
  process.once('SIGINT', stop('SIGINT', false));
}
