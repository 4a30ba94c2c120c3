import { type NamedGroup, parseNamedGroup } from '../named-group.ts';
import { type SidecarSetting, sidecarSettings } from '../sidecar-settings.ts';
import { type Annotated, type Held, type Key, keys } from './annotations.ts';
import { expectedOf, expectedOfGroups } from './expected.ts';
import { type ChosenGroup, groupFaultsOf, groupOf, withoutFirst } from './group.ts';
import type { Pod } from './pod.ts';
import type { Amounts } from './resources.ts';
import type { Family, Settings } from './settings.ts';

/** The settings that are not passed on as they are: those that make up the groups, and those that may name an owner. */
const READ_ELSEWHERE = ['service', 'selector', 'source', 'group', 'expected', 'expectedOfGroup'] as const;

type OptionRows = typeof sidecarSettings;
type PassedName = Exclude<Annotated, (typeof READ_ELSEWHERE)[number]>;

/** The settings of the sidecar that are passed on as they are, each under the key of its row. */
export type Passed = {
  readonly [N in PassedName]: OptionRows[N] extends { repeated: true }
    ? string[]
    : (typeof keys)[N] extends { default: string }
      ? Held<N>
      : Held<N> | undefined;
};

/** The settings of the sidecar by its pod, its namespace and the installation. */
export interface Options extends Passed {
  /** The first group, which has no name; undefined where all groups have one. */
  group: ChosenGroup | undefined;
  /** The further groups. */
  groups: readonly NamedGroup[];
  /**
   * The number of members that the first group is to have, or the workload that has it; undefined where nobody asks.
   */
  expected: string | undefined;
  /** The expected members of further groups, each as `NAME=WORKLOAD` or `NAME=N`. */
  expectedOfGroup: string[];
  mountPath: string;
  /** The containers that get the mount; undefined stands for all of them. */
  containers: string[] | undefined;
  scripts: string | undefined;
  amounts: Amounts;
  nativeSidecar: 'auto' | 'true' | 'false';
  serviceAccount: 'auto' | 'scoped' | 'keep';
  /** The accounts of the namespace may be given the right to read its pods. */
  podAccess: boolean;
}

/** Reads all settings. What can't be is among the faults of the settings, and stands as if nobody had written it. */
export function optionsOf(pod: Pod, settings: Settings): Options {
  const groups = settings.family(keys.group).map(parseNamedGroup);
  const group = groupOf(pod, settings, groups.length > 0 || settings.isAnyBad(keys.group));
  const passed = passedOf(settings);
  const expectedOfGroup = expectedOfGroups(pod, settings);
  groupFaultsOf(groups, passed, expectedOfGroup, settings);
  return {
    group,
    groups,
    expected: group === undefined ? undefined : expectedOf(pod, settings),
    expectedOfGroup,
    ...(group === undefined ? withoutFirst(passed, settings) : passed),
    mountPath: settings.get(keys.mountPath),
    containers: settings.get(keys.containers),
    scripts: settings.get(keys.scripts),
    amounts: {
      cpuRequest: settings.get(keys.cpuRequest),
      cpuLimit: settings.get(keys.cpuLimit),
      memoryRequest: settings.get(keys.memoryRequest),
      memoryLimit: settings.get(keys.memoryLimit),
      cpuLimitIsDefault: settings.level(keys.cpuLimit) === undefined,
      guaranteed: settings.get(keys.guaranteed),
    },
    nativeSidecar: settings.get(keys.nativeSidecar),
    serviceAccount: settings.get(keys.serviceAccount),
    podAccess: settings.get(keys.podAccess) === 'true',
  };
}

const PASSED = Object.entries<SidecarSetting<unknown>>(sidecarSettings).flatMap(
  ([name, { annotation, repeated }]) => {
    if (annotation === undefined || (READ_ELSEWHERE as readonly string[]).includes(name)) return [];
    const key: Key<unknown> = keys[name as Annotated];
    return [{ name, key, repeated }];
  },
);

function passedOf(settings: Settings): Passed {
  const values = PASSED.map(({ name, key, repeated }) => {
    if (key.parseNamed !== undefined) return [name, settings.family(key as Family)];
    return [name, settings.get(key) ?? (repeated ? [] : undefined)];
  });
  return Object.fromEntries(values);
}
