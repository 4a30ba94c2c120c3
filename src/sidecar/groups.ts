import { join } from 'node:path';
import { UsageError } from '../config.ts';
import { groupFaults, type NamedGroup } from '../named-group.ts';
import { flagOf } from '../setting.ts';
import type { SidecarConfig } from '../sidecar-settings.ts';
import type { Group, SourceName } from '../watcher/protocol.ts';
import { parseWaitCondition } from '../watcher/texts/wait-condition.ts';
import type { SinkSettings } from './sinks.ts';

/** The settings of one group: its source, and where its membership goes. */
export interface GroupSettings {
  group: Group;
  source: SourceName;
  sinks: SinkSettings;
}

/** Returns the groups of a sidecar: the first, which has no name, and the further ones. Throws `UsageError`. */
export function groupsOf(config: SidecarConfig): GroupSettings[] {
  const { group: groups, waitForGroup: waits, groupFile: files, file: firstFiles } = config;
  const [fault] = groupFaults({ groups, waits, files, firstFiles });
  if (fault !== undefined)
    throw new UsageError(`${flagOf(fault.setting)}: "${fault.value}" ${fault.sentence}`);
  const first = hasFirst(config) ? [{ group: firstOf(config), source: config.source, sinks: config }] : [];
  return [...first, ...groups.map((group) => namedOf(group, config))];
}

function hasFirst(config: SidecarConfig): boolean {
  const { service, selector, group, waitFor, file, notify, onStart, onChange, expected, memberLabels } =
    config;
  if (service !== undefined || selector !== undefined || group.length === 0) return true;
  const about = {
    waitFor: waitFor.waits,
    file: file.length > 0,
    notify: notify.length > 0,
    onStart,
    onChange,
    expected: expected !== undefined,
    memberLabels,
  };
  const [said] = Object.entries(about).find(([, value]) => value) ?? [];
  if (said === undefined) return false;
  throw new UsageError(
    `${flagOf(said)} is about the group without a name, and there is none; give --service`,
  );
}

/** Returns the first group: a selector chooses pods, everything else goes by a service. */
function firstOf({ namespace, service, selector, source }: SidecarConfig): Group {
  if (source === 'pods') return { namespace, ...(selector === undefined ? {} : { selector }) };
  if (selector === undefined) return { namespace, ...(service === undefined ? {} : { service }) };
  throw new UsageError(`--selector: "${selector}" goes with --source pods; leave it out, or change --source`);
}

const NO_WAIT = parseWaitCondition('0');

/** What a command is run for, and who is notified, is the first group; a further one has its socket and its files. */
function namedOf({ name, source, of, namespace }: NamedGroup, config: SidecarConfig): GroupSettings {
  const { waitTimeout, waitAction } = config;
  const wait = config.waitForGroup.find(({ group }) => group === name);
  return {
    group: {
      name,
      namespace: namespace ?? config.namespace,
      ...(source === 'pods' ? { selector: of } : { service: of }),
    },
    source,
    sinks: {
      name,
      directory: join(config.directory, name),
      file: config.groupFile.filter(({ group }) => group === name).map(({ template }) => template),
      notify: [],
      onStart: undefined,
      onChange: undefined,
      waitFor: wait?.condition ?? NO_WAIT,
      waitTimeout,
      waitAction,
    },
  };
}
