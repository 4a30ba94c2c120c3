import packageJson from '../../package.json' with { type: 'json' };
import { UsageError } from '../config.ts';
import { jsonLog, toStandardError } from '../log.ts';
import { flagOf } from '../setting.ts';
import type { SidecarConfig } from '../sidecar-settings.ts';
import { systemClock } from '../watcher/clock.ts';
import { othersEnded } from '../watcher/kubernetes/own-pod.ts';
import {
  clusterDomain,
  firstFamily,
  kubernetesApi,
  type UpstreamContext,
} from '../watcher/kubernetes/upstream.ts';
import { SettingFault } from '../watcher/setting-fault.ts';
import { follow } from './followed.ts';
import { GarbageCollection, keepYoungGenerationSmall } from './garbage.ts';
import { Gates } from './gates.ts';
import { groupsOf } from './groups.ts';
import { type Health, serveHealth } from './health.ts';
import { identity } from './identity.ts';
import { keepHealth } from './kept-health.ts';
import { metricsOf } from './metrics.ts';
import { stopping } from './stopping.ts';

/** The command `rollcall sidecar`. It follows the groups until SIGTERM. */
export async function sidecar(config: SidecarConfig): Promise<void> {
  const log = jsonLog(toStandardError, config.logLevel);
  const perspective = {
    self: identity(config),
    clusterDomain: config.clusterDomain ?? clusterDomain(),
    firstFamily: firstFamily(process.env),
  };
  const userAgent = `rollcall/${packageJson.version}`;
  const context = { clock: systemClock, log, userAgent, environment: process.env };
  const shared = { config, perspective, context, garbage: new GarbageCollection(systemClock), watches: [] };
  const groups = startUp(() => groupsOf(config).map((group) => follow(group, shared)));
  const workEnded = config.endWithPod ? followWork(config, context) : undefined;
  const gates = groups.map(({ sinks }) => sinks.gate);
  const metrics = metricsOf(groups);

  for (const { socket } of groups)
    await startUp(() => socket.serve(), `--directory: "${config.directory}" can't be used`);
  const health: Health = {
    groups,
    gate: new Gates(gates),
    metrics: (accept) => metrics.exposition(accept),
  };
  const port = await startUp(async () => {
    if (config.port !== 'off') return (await serveHealth(config.port, health)).port;
    await keepHealth(config.directory, health, groups[0]!.watch, log);
    return undefined;
  }, `--port: ${config.port} can't be used`);
  for (const { path, watch, log } of groups)
    log.info('serving', { socket: path, port: port ?? 'off', ...watch.group, version: packageJson.version });
  const stop = stopping(groups, config.graceSeconds, log);
  // `stop` never rejects, and ends the process.
  process.once('SIGTERM', () => stop('SIGTERM', true));
  process.once('SIGINT', () => stop('SIGINT', false));
  // This comes when everything is loaded: before, V8 would reject code that Node has compiled.
  keepYoungGenerationSmall();
  for (const gate of gates) gate.start();
  for (const { expected } of groups) expected?.start();
  // The process ends with the first of these. The kubelet starts it anew and shows why it ended.
  await Promise.race([
    ...groups.map(({ watch }) => watch.run()),
    ...gates.map((gate) => gate.failed.catch(refuse)),
    ...(workEnded === undefined
      ? []
      : [workEnded().then(() => stop('the other containers have ended', false))]),
  ]);
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
