import type { Server } from 'node:net';
import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { UsageError } from '../config.ts';
import { jsonLog, type Log, toStandardError } from '../log.ts';
import { Metrics } from '../metrics.ts';
import { flagOf } from '../setting.ts';
import type { SidecarConfig } from '../sidecar-settings.ts';
import { orTimer, systemClock } from '../watcher/clock.ts';
import { HEALTH_NAME, STARTED_NAME } from '../watcher/contract.ts';
import { othersEnded } from '../watcher/kubernetes/own-pod.ts';
import {
  clusterDomain,
  firstFamily,
  kubernetesApi,
  type UpstreamContext,
} from '../watcher/kubernetes/upstream.ts';
import { Malformed } from '../watcher/membership/malformed.ts';
import { FileOutput } from '../watcher/outputs/files.ts';
import { GarbageCollection, keepYoungGenerationSmall } from '../watcher/outputs/garbage.ts';
import { Gate } from '../watcher/outputs/gate.ts';
import { serveHealth } from '../watcher/outputs/health.ts';
import { Hooks } from '../watcher/outputs/hooks.ts';
import { TemplateOutput } from '../watcher/outputs/line-files.ts';
import { LoggedChanges } from '../watcher/outputs/logged-changes.ts';
import type { Notifier } from '../watcher/outputs/notifier.ts';
import { notifier } from '../watcher/outputs/notify.ts';
import { Readers } from '../watcher/outputs/readers.ts';
import { serveSocket, socketPath } from '../watcher/outputs/socket.ts';
import type { Group } from '../watcher/protocol.ts';
import { SettingFault } from '../watcher/setting-fault.ts';
import { sourceOf } from '../watcher/sources.ts';
import { Watch } from '../watcher/watch.ts';

/** `rollcall sidecar`: follows the group until SIGTERM. */
export async function sidecar(config: SidecarConfig): Promise<void> {
  const log = jsonLog(toStandardError, config.logLevel);
  const { directory } = config;
  const group = groupOf(config);
  const self = identity(config);
  const perspective = {
    group,
    self,
    clusterDomain: config.clusterDomain ?? clusterDomain(),
    firstFamily: firstFamily(process.env),
  };
  const userAgent = `rollcall/${packageJson.version}`;
  const traffic = { bytes: 0 };
  const context = { clock: systemClock, log, userAgent, environment: process.env, traffic };
  const malformed = new Malformed(log);
  const source = startUp(() => sourceOf(config.source, perspective, config, context, malformed));
  const socket = startUp(() => socketPath(directory));
  const watch = new Watch({ source, group, self, log });
  const readers = new Readers(watch, systemClock, log);
  const gate = gateOf(config, log);
  const outputs = outputsOf(config, log);
  const workEnded = config.endWithPod ? followWork(config, context) : undefined;
  watch.add(new GarbageCollection(systemClock));
  watch.add(readers);
  watch.add(gate);
  if (config.logLevel === 'debug') watch.add(new LoggedChanges(log.debug));
  for (const output of Object.values(outputs).flat()) watch.add(output);
  const metrics = new Metrics();
  watchMetrics(metrics, watch, readers, malformed);
  metrics.read(
    'counter',
    'rollcall_upstream_bytes_total',
    'Bytes that the API server has sent; times the members of the group, what the group costs it.',
    () => traffic.bytes,
  );
  outputMetrics(metrics, outputs);

  const server = await startUp(
    () => serveSocket(socket, readers, log),
    `--directory: "${directory}" can't be used`,
  );
  const place = config.port === 'off' ? join(directory, HEALTH_NAME) : config.port;
  const { port } = await startUp(
    () => serveHealth(place, { watch, gate, metrics: () => metrics.text() }),
    `--port: ${config.port} can't be used`,
  );
  log.info('serving', { socket, port: port ?? 'off', ...group, version: packageJson.version });
  const stop = stopping(readers, server, outputs, config.graceSeconds, log);
  process.once('SIGTERM', () => stop('SIGTERM', true));
  process.once('SIGINT', () => stop('SIGINT', false));
  void workEnded?.().then(() => stop('the other containers have ended', false));
  // When everything is loaded: before, V8 would reject code that Node has compiled.
  keepYoungGenerationSmall();
  gate.start();
  // Ended, it is started anew by the kubelet, which shows why it ended.
  await Promise.race([watch.run(), gate.failed.catch(refuse)]);
}

function gateOf({ directory, waitFor, waitTimeout, waitAction }: SidecarConfig, log: Log): Gate {
  const marker = join(directory, STARTED_NAME);
  const options = { members: waitFor, timeoutMs: waitTimeout * 1000, onTimeout: waitAction, marker };
  return new Gate(options, systemClock, log);
}

function refuse(error: SettingFault): never {
  process.stderr.write(`rollcall: ${error.named(flagOf(error.key))}\n`);
  process.exit(1);
}

/** Faults at the start are the user's to mend, so they are told without a stack. */
function startUp<T>(start: () => T, what?: string): T {
  const explain = (error: unknown): never => {
    if (error instanceof SettingFault) throw new UsageError(error.named(flagOf(error.key)));
    const { message } = error as Error;
    throw new UsageError(what === undefined ? message : `${what} (${message}); give another`);
  };
  try {
    const result = start();
    return result instanceof Promise ? (result.catch(explain) as T) : result;
  } catch (error) {
    return explain(error);
  }
}

/** A selector chooses pods, everything else goes by a service. */
function groupOf({ namespace, service, selector, source }: SidecarConfig): Group {
  if (source === 'pods') return { namespace, ...(selector === undefined ? {} : { selector }) };
  if (selector === undefined) return { namespace, ...(service === undefined ? {} : { service }) };
  throw new UsageError(`--selector: "${selector}" goes with --source pods; leave it out, or change --source`);
}

interface Outputs {
  files: FileOutput[];
  templates: TemplateOutput[];
  notifiers: Notifier[];
  hooks: Hooks[];
}

/** Where membership goes beside the socket. */
function outputsOf({ directory, file, notify, onStart, onChange }: SidecarConfig, log: Log): Outputs {
  const names = file.map((template) => template.file);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new UsageError(`--file: "${twice}" is given twice; give each file one line`);
  const hooked = onStart !== undefined || onChange !== undefined;
  return {
    files: [new FileOutput(directory, systemClock, log)],
    templates: file.map((template) => new TemplateOutput(directory, template, systemClock, log)),
    notifiers: notify.map((target) => notifier(target, systemClock, log)),
    hooks: hooked ? [new Hooks({ onStart, onChange }, systemClock, log)] : [],
  };
}

function identity({ podName, podUid }: SidecarConfig): { uid?: string; name?: string } | undefined {
  if (podName === undefined && podUid === undefined) return undefined;
  return {
    ...(podUid === undefined ? {} : { uid: podUid }),
    ...(podName === undefined ? {} : { name: podName }),
  };
}

function watchMetrics(metrics: Metrics, watch: Watch, readers: Readers, malformed: Malformed): void {
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
    'rollcall_malformed_values_total',
    'Values from upstream that were left out, since they break the rules of the API.',
    () => malformed.count,
  );
}

function outputMetrics(metrics: Metrics, { files, templates, notifiers, hooks }: Outputs): void {
  const count = <T>(name: string, help: string, from: readonly T[], of: (one: T) => number) => {
    if (from.length > 0)
      metrics.read('counter', name, help, () => from.reduce((sum, one) => sum + of(one), 0));
  };
  const written = [...files, ...templates];
  count('rollcall_file_failures_total', 'Writes of files that failed.', written, (one) => one.failures);
  count('rollcall_notify_sent_total', 'Snapshots sent.', notifiers, (one) => one.sent);
  count('rollcall_notify_failures_total', 'Snapshots not sent.', notifiers, (one) => one.failed);
  count('rollcall_notify_too_large_total', 'Snapshots over a datagram.', notifiers, (one) => one.tooLarge);
  count('rollcall_hook_runs_total', 'Hooks that were run.', hooks, (one) => one.runs);
  count('rollcall_hook_failures_total', 'Hooks that failed.', hooks, (one) => one.failures);
  count('rollcall_hook_timeouts_total', 'Hooks that took too long.', hooks, (one) => one.timeouts);
}

/**
 * Of the pod that this runs in, for a sidecar that nobody tells when the work is done: what resolves
 * then. Throws before anything is served, since what serves can't be ended by an error.
 */
function followWork(config: SidecarConfig, context: UpstreamContext): () => Promise<void> {
  const { namespace, podName } = config;
  if (podName === undefined) throw new UsageError('--pod-name is missing; --end-with-pod needs it');
  const transport = startUp(() => kubernetesApi(config, context));
  return () => othersEnded({ namespace, name: podName }, transport, context.clock, context.log);
}

/**
 * A native sidecar is told to stop after the application has gone; elsewhere both are told at once,
 * and whoever still reads is served until it goes or the grace period nears its end.
 */
function stopping(
  readers: Readers,
  server: Server,
  { notifiers, hooks }: Outputs,
  graceSeconds: number,
  log: Log,
): (reason: string, wait: boolean) => Promise<void> {
  return async (reason, wait) => {
    log.info('stopping', { reason, clients: readers.size });
    if (wait) await orTimer(readers.idle(), systemClock, graceSeconds * 1000);
    server.close();
    readers.close(reason);
    for (const one of notifiers) one.close();
    await Promise.all(hooks.map((one) => one.close()));
    await orTimer(readers.idle(), systemClock, 1000);
    process.exit(0);
  };
}
