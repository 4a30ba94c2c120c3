import { constants, hostname, networkInterfaces } from 'node:os';
import packageJson from '../../package.json' with { type: 'json' };
import { UsageError } from '../config.ts';
import { jsonLog, type Log, toStandardError } from '../log.ts';
import { kebabCase } from '../setting.ts';
import { systemClock } from '../watcher/clock.ts';
import { clusterDomain, ownNamespace, searchedNamespace } from '../watcher/kubernetes/upstream.ts';
import { Hooks, peerName } from '../watcher/outputs/hooks.ts';
import { LoggedChanges } from '../watcher/outputs/logged-changes.ts';
import type { Output, View } from '../watcher/outputs/output.ts';
import { serviceName } from '../watcher/perspective.ts';
import type { Member } from '../watcher/protocol.ts';
import { SettingFault, type SettingKey } from '../watcher/setting-fault.ts';
import type { Source } from '../watcher/source.ts';
import { Watch } from '../watcher/watch.ts';
import { describeFlags, type PeerFinderOptions, parseFlags } from './flags.ts';
import { HostsFile } from './hosts-file.ts';
import { withKubeconfig } from './kubeconfig.ts';
import { peersOf } from './peers.ts';
import { dnsNames, type Host, hostVariables } from './self.ts';
import { Waiting } from './waiting.ts';

/**
 * The command `rollcall peer-finder`. It runs scripts with the peers, in place of the program of that name.
 * When there is no script for changes it ends after the start script has succeeded, as an init container
 * must.
 */
export async function peerFinder(argv: readonly string[]): Promise<void> {
  if (argv.some((word) => /^--?(h|help)$/.test(word))) return void process.stdout.write(`${help()}\n`);
  const environment = process.env;
  const parsed = parseFlags(argv, {
    environment,
    namespace: ownNamespace() ?? searchedNamespace(),
    clusterDomain: clusterDomain(),
  });
  const { kubeconfig, ignored, logLevel } = parsed;
  const log = jsonLog(toStandardError, logLevel);
  const upstream =
    kubeconfig === undefined ? parsed.upstream : await withKubeconfig(kubeconfig, parsed.upstream);
  const options = { ...parsed, upstream };
  if (ignored.length > 0) log.info("flags of peer-finder's logging have no effect here", { flags: ignored });
  const host = hostOf(environment);
  const source = sourceOf(options, host, log);
  const watch = new Watch({ source, group: options.group, log });
  const hooks = hooksOf(options, environment, log);
  const hosts = options.group.selector === undefined ? undefined : hostsFileOf(options, log);
  watch.add(hosts === undefined ? hooks : inTurn(hosts, hooks, log));
  watch.add(new Waiting(options.group, host, log));
  if (logLevel === 'debug') watch.add(new LoggedChanges(log.debug));
  const { onStart, onChange, addressType, group } = options;
  log.info('looking for peers', { ...group, addressType, onStart, onChange, version: packageJson.version });
  const started = endsAtStart(hooks, hosts, onChange === undefined);
  stopOnSignal(hooks, started, log);
  await watch.run();
}

function sourceOf(options: PeerFinderOptions, host: Host, log: Log): Source {
  const userAgent = `rollcall/${packageJson.version}`;
  try {
    return peersOf(options, host, { clock: systemClock, log, userAgent, environment: process.env });
  } catch (error) {
    const message = error instanceof SettingFault ? error.named(nameOf(error.key)) : (error as Error).message;
    const { selector } = options.group;
    throw new UsageError(
      selector === undefined
        ? message
        : `-selector: "${selector}" needs the API: ${message}; or give -service, which DNS knows too`,
    );
  }
}

/** Returns the flag of a setting, as the original peer-finder has it. */
function nameOf(key: SettingKey): string {
  return key === 'namespace' ? '-ns' : `-${kebabCase(key)}`;
}

function hostOf(environment: NodeJS.ProcessEnv): Host {
  const { POD_NAME: name, POD_IP: ip } = environment;
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  const outside = interfaces.filter(({ internal }) => !internal).map(({ address }) => address);
  return {
    names: [...new Set([hostname().split('.')[0]!.toLowerCase(), ...(name ? [name] : [])])],
    addresses: ip ? [ip, ...outside] : outside,
  };
}

function hooksOf(options: PeerFinderOptions, environment: NodeJS.ProcessEnv, log: Log): Hooks {
  const { onStart, onChange, addressType: type, group, clusterDomain } = options;
  const { service } = group;
  const peer =
    type === 'DNS' && service !== undefined && group.selector === undefined
      ? dnsNames(serviceName(service, { group, clusterDomain }))
      : peerName(type);
  const self = ({ members }: View) => [...members.values()].find((member: Member) => member.self);
  const hooks = {
    onStart,
    onChange,
    peer,
    needsSelf: true,
    // No time limit is set, because a script may be the server itself, which runs as long as the pod.
    timeoutMs: Number.POSITIVE_INFINITY,
    environment: (view: View) => ({
      ...environment,
      ...hostVariables(self(view), peer, type, environment.POD_IP),
    }),
    // The output is inherited, because processes that a script leaves behind go on writing after this process
    // has ended.
    output: 'inherit' as const,
  };
  return new Hooks(hooks, systemClock, log);
}

function hostsFileOf({ hostsFile, addressType }: PeerFinderOptions, log: Log): HostsFile {
  return new HostsFile(hostsFile, addressType, systemClock, log);
}

/** Returns an output that runs the scripts after the names of the peers are in the hosts file. */
function inTurn(hosts: HostsFile, hooks: Hooks, log: Log): Output {
  const then = (tell: () => void) => {
    const failed = ({ message }: Error) =>
      log.error('the scripts were not told of the peers', { error: message });
    hosts.settled().then(tell).catch(failed);
  };
  return {
    synced(view) {
      hosts.synced(view);
      then(() => hooks.synced(view));
    },
    changed(delta, view, was) {
      hosts.changed(delta, view, was);
      then(() => hooks.changed(delta, view, was));
    },
    heartbeat: (heartbeat, view) => hosts.heartbeat(heartbeat, view),
  };
}

/** Notes when the start script has succeeded. With `ends` the process ends then. */
function endsAtStart(hooks: Hooks, hosts: HostsFile | undefined, ends: boolean): { yet: boolean } {
  const started = { yet: false };
  // Neither `started` nor `settled` ever rejects.
  void hooks.started.then(async () => {
    started.yet = true;
    if (!ends) return;
    await hosts?.settled();
    process.exit(0);
  });
  return started;
}

/**
 * Passes a signal on to the script that runs, which has all the time that the kubelet gives. The exit status
 * of the script becomes that of the process. An init container that is stopped before its script has
 * succeeded fails.
 */
function stopOnSignal(hooks: Hooks, started: { yet: boolean }, log: Log): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // `stop` waits for processes to end and never rejects.
    process.on(signal, async () => {
      log.info('stopping', { signal, running: hooks.running });
      const status = await hooks.stop(signal);
      process.exit(status ?? (started.yet ? 0 : 128 + constants.signals[signal]));
    });
  }
}

function help(): string {
  return `usage: rollcall peer-finder -on-start COMMAND -on-change COMMAND -service NAME [-flag value ...]

Runs scripts that were written for peer-finder: the peers on their input, sorted, one a line; nothing
before this pod is among them. Only with -on-start it ends once that has succeeded: an init container.

${describeFlags()}

Scripts get HOST_ADDRESS, HOST_ADDRESS_TYPE, POD_IP and POD_IP_TYPE. The peers of a service come from the
API where this account may list and watch endpointslices, else from DNS; those of a selector need the
API (list and watch pods). A script that fails is run again, with backoff. SIGTERM and SIGINT go to
the script that runs.

As the first process of a container it hands on signals, but can not reap processes that scripts leave
behind. The launcher of "rollcall install" and of the image with a shell does; or have an init in the
image (tini), or shareProcessNamespace: true in the pod. What scripts leave running is told to stop with
it, and waited for. The flags of its logging (-v, -logtostderr and the like) have no effect.`;
}
