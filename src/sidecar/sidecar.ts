import type { Server } from 'node:net';
import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { UsageError } from '../config.ts';
import { jsonLog, type Log, toStandardError } from '../log.ts';
import { flagOf } from '../setting.ts';
import type { SidecarConfig } from '../sidecar-settings.ts';
import { orTimer, systemClock } from '../watcher/clock.ts';
import { HEALTH_NAME } from '../watcher/contract.ts';
import { othersEnded } from '../watcher/kubernetes/own-pod.ts';
import {
  clusterDomain,
  firstFamily,
  kubernetesApi,
  type UpstreamContext,
} from '../watcher/kubernetes/upstream.ts';
import { Malformed } from '../watcher/membership/malformed.ts';
import { ExpectedMembers } from '../watcher/outputs/expected-members.ts';
import { LoggedChanges } from '../watcher/outputs/logged-changes.ts';
import { serveSocket, socketPath } from '../watcher/outputs/socket.ts';
import type { Group, SelfDescription } from '../watcher/protocol.ts';
import { SettingFault } from '../watcher/setting-fault.ts';
import { sourceOf } from '../watcher/sources.ts';
import { Watch } from '../watcher/watch.ts';
import { GarbageCollection, keepYoungGenerationSmall } from './garbage.ts';
import { serveHealth } from './health.ts';
import { metricsOf } from './metrics.ts';
import { type Sinks, sinksOf } from './sinks.ts';

/** The command `rollcall sidecar`. It follows the group until SIGTERM. */
export async function sidecar(config: SidecarConfig): Promise<void> {
  const log = jsonLog(toStandardError, config.logLevel);
  const group = groupOf(config);
  const self = identity(config);
  const perspective = {
    group,
    self,
    clusterDomain: config.clusterDomain ?? clusterDomain(),
    firstFamily: firstFamily(process.env),
    memberLabels: config.memberLabels,
  };
  const userAgent = `rollcall/${packageJson.version}`;
  const traffic = { bytes: 0 };
  const context = { clock: systemClock, log, userAgent, environment: process.env, traffic };
  const malformed = new Malformed(log);
  const source = startUp(() => sourceOf(config.source, perspective, config, context, malformed));
  const socket = startUp(() => socketPath(config.directory));
  const watch = new Watch({ source, group, self, log });
  const sinks = sinksOf(config, { view: watch, clock: systemClock, log });
  const { readers, gate, all: outputs } = sinks;
  const workEnded = config.endWithPod ? followWork(config, context) : undefined;
  watch.add(new GarbageCollection(systemClock));
  for (const output of outputs) watch.add(output);
  if (config.logLevel === 'debug') watch.add(new LoggedChanges(log.debug));
  const expected = startUp(() => expectedMembers(config, watch, context));
  if (expected !== undefined) watch.add(expected);
  const measured = expected === undefined ? outputs : [...outputs, expected];
  const metrics = metricsOf({ watch, outputs: measured, malformed, traffic });

  const server = await startUp(
    () => serveSocket(socket, readers, log),
    `--directory: "${config.directory}" can't be used`,
  );
  const place = config.port === 'off' ? join(config.directory, HEALTH_NAME) : config.port;
  const { port } = await startUp(
    () => serveHealth(place, { watch, gate, outputs, metrics: (accept) => metrics.exposition(accept) }),
    `--port: ${config.port} can't be used`,
  );
  log.info('serving', { socket, port: port ?? 'off', ...group, version: packageJson.version });
  const stop = stopping(sinks, server, config.graceSeconds, log);
  process.once('SIGTERM', () => stop('SIGTERM', true));
  process.once('SIGINT', () => stop('SIGINT', false));
  void workEnded?.().then(() => stop('the other containers have ended', false));
  // This comes when everything is loaded: before, V8 would reject code that Node has compiled.
  keepYoungGenerationSmall();
  gate.start();
  expected?.start();
  // When it has ended, the kubelet starts it anew and shows why it ended.
  await Promise.race([watch.run(), gate.failed.catch(refuse)]);
}

function refuse(error: SettingFault): never {
  process.stderr.write(`rollcall: ${error.named(flagOf(error.key))}\n`);
  process.exit(1);
}

/** Starts something. A fault at the start is the user's to mend, so it is told without a stack. */
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

/** Returns the group: a selector chooses pods, everything else goes by a service. Throws `UsageError`. */
function groupOf({ namespace, service, selector, source }: SidecarConfig): Group {
  if (source === 'pods') return { namespace, ...(selector === undefined ? {} : { selector }) };
  if (selector === undefined) return { namespace, ...(service === undefined ? {} : { service }) };
  throw new UsageError(`--selector: "${selector}" goes with --source pods; leave it out, or change --source`);
}

/** Returns what this pod knows of itself; undefined where nobody has told the sidecar which pod it is in. */
function identity({ podName, podUid, nodeName, zone }: SidecarConfig): SelfDescription | undefined {
  if (podName === undefined && podUid === undefined) return undefined;
  return {
    ...(podUid === undefined ? {} : { uid: podUid }),
    ...(podName === undefined ? {} : { name: podName }),
    ...(nodeName === undefined ? {} : { node: nodeName }),
    ...(zone === undefined ? {} : { zone }),
  };
}

/** Has the watch told how many members there are to be; returns what asks a workload for it, where one is named. */
function expectedMembers(
  config: SidecarConfig,
  watch: Watch,
  context: UpstreamContext,
): ExpectedMembers | undefined {
  const { namespace, expected } = config;
  if (expected === undefined) return undefined;
  if (typeof expected === 'number') {
    watch.expect(expected);
    return undefined;
  }
  const transport = kubernetesApi(config, context);
  const { clock, log } = context;
  const workload = { namespace, ...expected };
  return new ExpectedMembers({ workload, transport, clock, log, expect: (number) => watch.expect(number) });
}

/**
 * Returns a function that resolves when the other containers of this pod have ended, for a sidecar that nobody
 * tells when the work is done. Throws before anything is served, since what serves can't be ended by an error.
 */
function followWork(config: SidecarConfig, context: UpstreamContext): () => Promise<void> {
  const { namespace, podName } = config;
  if (podName === undefined) throw new UsageError('--pod-name is missing; --end-with-pod needs it');
  const transport = startUp(() => kubernetesApi(config, context));
  return () => othersEnded({ namespace, name: podName }, transport, context.clock, context.log);
}

/**
 * Returns the function that ends the process. A native sidecar is told to stop after the application has gone;
 * elsewhere both are told at once, and whoever still reads is served until it goes or the grace period nears
 * its end.
 */
function stopping(
  { readers, all: outputs }: Sinks,
  server: Server,
  graceSeconds: number,
  log: Log,
): (reason: string, wait: boolean) => Promise<void> {
  return async (reason, wait) => {
    log.info('stopping', { reason, clients: readers.size });
    const idle = Promise.all(outputs.map((output) => output.idle?.()));
    if (wait) await orTimer(idle, systemClock, graceSeconds * 1000);
    server.close();
    await Promise.all(outputs.map((output) => output.close?.(reason)));
    process.exit(0);
  };
}
