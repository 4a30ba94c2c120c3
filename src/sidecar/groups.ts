import { join } from 'node:path';
import { UsageError } from '../config.ts';
import { groupFaults, type NamedGroup } from '../named-group.ts';
import { flagOf } from '../setting.ts';
import type { SidecarConfig } from '../sidecar-settings.ts';
import type { Group, SourceName } from '../watcher/protocol.ts';
import type { ExpectedFrom } from '../watcher/texts/expected.ts';
import { parseWaitCondition } from '../watcher/texts/wait-condition.ts';
import type { SinkSettings } from './sinks.ts';

/** The settings of one group: its source, and where its membership goes. */
export interface GroupSettings {
  group: Group;
  source: SourceName;
  /** The number of members that there are to be, or the workload that has it; undefined where nobody says. */
  expected: ExpectedFrom | undefined;
  /** The keys of the labels that members have. */
  memberLabels: readonly string[] | undefined;
  sinks: SinkSettings;
}

/** Returns the groups of a sidecar: the first, which has no name, and the further ones. Throws `UsageError`. */
export function groupsOf(config: SidecarConfig): GroupSettings[] {
  const { group: groups, expected, memberLabels } = config;
  const [fault] = groupFaults({
    groups,
    waits: config.waitForGroup,
    expected: config.expectedOfGroup,
    labels: config.memberLabelsOfGroup,
    files: config.groupFile,
    firstFiles: config.file,
    given: (group) => `give ${flagOf('group')} "${group}=service NAME"`,
  });
  if (fault !== undefined)
    throw new UsageError(`${flagOf(fault.setting)}: "${fault.value}" ${fault.sentence}`);
  const first = { source: config.source, expected, memberLabels, sinks: config };
  const all = [
    ...(hasFirst(config) ? [{ group: firstOf(config), ...first }] : []),
    ...groups.map((group) => namedOf(group, config)),
  ];
  for (const one of all) refuseWaitForAll(one);
  return all;
}

/** Nobody can wait for all members of a group where nobody says how many that is. */
function refuseWaitForAll({ group: { name }, expected, sinks: { waitFor } }: GroupSettings): void {
  if (waitFor.subject !== 'all' || expected !== undefined) return;
  const [flag, value, remedy] =
    name === undefined
      ? [flagOf('waitFor'), `${waitFor}`, flagOf('expected')]
      : [flagOf('waitForGroup'), `${name}=${waitFor}`, flagOf('expectedOfGroup')];
  throw new UsageError(
    `${flag}: "${value}" needs to know how many members there are to be; give ${remedy}, or a number of members`,
  );
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

/** Returns the settings of a further group. It has a socket and files; commands and notifications are for the first group only. */
function namedOf({ name, source, of, namespace }: NamedGroup, config: SidecarConfig): GroupSettings {
  const { waitTimeout, waitAction } = config;
  const ofGroup = ({ group }: { group: string }) => group === name;
  return {
    group: {
      name,
      namespace: namespace ?? config.namespace,
      ...(source === 'pods' ? { selector: of } : { service: of }),
    },
    source,
    expected: config.expectedOfGroup.find(ofGroup)?.expected,
    memberLabels: config.memberLabelsOfGroup.find(ofGroup)?.labels,
    sinks: {
      name,
      directory: join(config.directory, name),
      file: config.groupFile.filter(ofGroup).map(({ template }) => template),
      notify: [],
      onStart: undefined,
      onChange: undefined,
      waitFor: config.waitForGroup.find(ofGroup)?.condition ?? NO_WAIT,
      waitTimeout,
      waitAction,
    },
  };
}
