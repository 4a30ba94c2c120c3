import type { ProgramLog } from '../log.ts';
import type { SidecarConfig } from '../sidecar-settings.ts';
import { kubernetesApi, type UpstreamContext } from '../watcher/kubernetes/upstream.ts';
import { Malformed } from '../watcher/membership/malformed.ts';
import { type ExpectedMembers, expectedMembers } from '../watcher/outputs/expected-members.ts';
import { makeFolder } from '../watcher/outputs/folder.ts';
import { KeptSocket } from '../watcher/outputs/kept-socket.ts';
import { LoggedChanges } from '../watcher/outputs/logged-changes.ts';
import { serveSocket, socketPath } from '../watcher/outputs/socket.ts';
import type { Perspective } from '../watcher/perspective.ts';
import { sourceOf } from '../watcher/sources.ts';
import { Watch } from '../watcher/watch.ts';
import type { GarbageCollection } from './garbage.ts';
import type { GroupSettings } from './groups.ts';
import type { Measured } from './metrics.ts';
import { type Sinks, sinksOf } from './sinks.ts';

/** A group that is followed, with its watch, its sinks, and its socket at a path. */
export interface Followed extends Measured {
  name: string | undefined;
  watch: Watch;
  sinks: Sinks;
  socket: KeptSocket;
  path: string;
  /** The poller of the number of members that there are to be, where a workload is named. */
  expected: ExpectedMembers | undefined;
  log: ProgramLog;
}

/** The things that are the same for all groups of a sidecar. */
export interface Shared {
  config: SidecarConfig;
  perspective: Omit<Perspective, 'group'>;
  context: UpstreamContext & { log: ProgramLog };
  garbage: GarbageCollection;
  /** The watches of all groups. */
  watches: Watch[];
}

/** Connects a group with its source and its sinks. Throws a `SettingFault`, or an error that says what to mend. */
export function follow(settings: GroupSettings, shared: Shared): Followed {
  const { group, memberLabels } = settings;
  const { config, perspective } = shared;
  const log = logOf(group.name, shared.context.log);
  const traffic = { bytes: 0 };
  const context = { ...shared.context, log, traffic };
  const { clock } = context;
  const malformed = new Malformed(log);
  const source = sourceOf(
    settings.source,
    { ...perspective, group, memberLabels },
    config,
    context,
    malformed,
  );
  const { directory } = settings.sinks;
  const path = socketPath(directory);
  if (group.name !== undefined) makeFolder(directory);
  const watch = new Watch({ source, group, self: perspective.self, clock, log });
  const sinks = sinksOf(settings.sinks, { view: watch, clock, log });
  const bind = () => serveSocket(path, sinks.readers, log);
  const socket = new KeptSocket(path, bind, log, () => {
    if (watch.synced) for (const output of sinks.all) output.restore?.(watch);
  });
  watch.add(shared.garbage);
  for (const output of [...sinks.all, socket]) watch.add(output);
  if (config.logLevel === 'debug') watch.add(new LoggedChanges(log.debug));
  shared.watches.push(watch);
  const expected = expectedMembers(settings.expected, watch, {
    clock,
    log,
    transport: () => kubernetesApi(config, context),
    askers: () => Math.max(...shared.watches.map(({ members }) => members.size)),
  });
  if (expected !== undefined) watch.add(expected);
  const outputs = [...sinks.all, socket, ...(expected === undefined ? [] : [expected])];
  return { name: group.name, watch, sinks, socket, path, expected, log, outputs, malformed, traffic };
}

/** Returns a log whose lines name the group; those of the first group name none. */
function logOf(name: string | undefined, log: ProgramLog): ProgramLog {
  if (name === undefined) return log;
  const at =
    (level: keyof ProgramLog): ProgramLog[typeof level] =>
    (message, fields) =>
      log[level](message, { group: name, ...fields });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
