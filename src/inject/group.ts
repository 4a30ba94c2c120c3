/** The groups that the sidecar follows: the first, which has no name, and those under a name. */
import {
  groupFaults,
  type NamedGroup,
  parseNamedExpected,
  parseNamedFile,
  parseNamedLabels,
  parseNamedWait,
} from '../named-group.ts';
import { parseTemplate } from '../watcher/texts/template.ts';
import { parseWaitCondition } from '../watcher/texts/wait-condition.ts';
import { keys } from './annotations.ts';
import type { Passed } from './options.ts';
import type { Pod } from './pod.ts';
import { LEVELS, type Level, type Settings } from './settings.ts';

/** A group: whom to follow, and from where. */
export type ChosenGroup =
  | { source: 'endpointslices' | 'dns'; service: string }
  | { source: 'pods'; selector: string };

/** The name that stands in a group of which nobody has said one. A fault is noted, so no pod gets it. */
const NOBODY = '';

/**
 * Returns the group by the strongest level that names one: a pod that names a service does not care that its
 * namespace has a selector. Undefined when nothing names it and there are others; without others, that is a fault, and
 * so is it when two things at one level name it.
 */
export function groupOf(pod: Pod, settings: Settings, hasOthers = false): ChosenGroup | undefined {
  const [service, selector, source] = [keys.service, keys.selector, keys.source].map((key) =>
    settings.level(key),
  );
  if (service !== undefined && service === selector) {
    const both = `${settings.named(keys.service)} and ${settings.named(keys.selector)}`;
    settings.fault(keys.source, 'bad-value', `${both} both name a group; leave one of them out`);
    // The values are not used, but reading them notes their origins and what is wrong with them.
    settings.get(keys.source);
    settings.get(keys.service);
    settings.get(keys.selector);
    return { source: 'endpointslices', service: NOBODY };
  }
  if (hasOthers && (service ?? selector ?? source) === undefined && !pod.spec.subdomain) return undefined;
  const bySelector = selector !== undefined && rank(selector) < rank(service);
  const named = bySelector ? selector : service;
  // A source that a weaker level names belongs to the group of that level.
  const counts = source !== undefined && rank(source) <= rank(named);
  const wanted = counts ? settings.get(keys.source) : undefined;
  if (bySelector) {
    if (wanted !== undefined && wanted !== 'pods') {
      const advice = `does not go with ${keys.selector.key}; write "pods", or leave it out`;
      settings.fault(keys.source, 'bad-value', `${settings.named(keys.source)}: "${wanted}" ${advice}`);
    }
    return { source: 'pods', selector: settings.get(keys.selector) ?? NOBODY };
  }
  if (wanted === 'pods') {
    const advice = `needs ${keys.selector.key}; write it, or leave the source out`;
    settings.fault(keys.source, 'bad-value', `${settings.named(keys.source)}: "pods" ${advice}`);
    return { source: 'pods', selector: NOBODY };
  }
  const name = service === undefined ? subdomain(pod, settings) : (settings.get(keys.service) ?? NOBODY);
  return { source: wanted ?? 'endpointslices', service: name };
}

/** Returns how strong a level is, 0 the strongest: nobody's word is the weakest. */
function rank(level: Level | undefined): number {
  return LEVELS.indexOf(level ?? 'default');
}

function subdomain({ spec }: Pod, settings: Settings): string {
  if (spec.subdomain) return spec.subdomain;
  settings.fault(
    keys.service,
    'no-service',
    `annotation ${keys.service.key} is missing and the pod has no spec.subdomain; ` +
      `write ${keys.service.key}: "NAME" with the Service whose endpoints are the group`,
  );
  return NOBODY;
}

/** Notes as faults what is wrong between the settings of groups under a name. */
export function groupFaultsOf(
  groups: readonly NamedGroup[],
  { waitForGroup, memberLabelsOfGroup, groupFile, file }: Passed,
  expectedOfGroup: readonly string[],
  settings: Settings,
): void {
  const about = [waitForGroup, expectedOfGroup, memberLabelsOfGroup, groupFile];
  if (groups.length + about.flat().length === 0) return;
  const faults = groupFaults({
    groups,
    waits: waitForGroup.map(parseNamedWait),
    expected: expectedOfGroup.map(parseNamedExpected),
    labels: memberLabelsOfGroup.map(parseNamedLabels),
    files: groupFile.map(parseNamedFile),
    firstFiles: file.map(parseTemplate),
    given: (group) => `write ${keys.group.key}${group}: "service NAME"`,
  });
  // A wrong annotation of a group, or of its labels, was told already, so faults that follow from it are left out.
  const bad = (group: string) =>
    [keys.group, keys.memberLabelsOfGroup].some(({ key }) =>
      [key, key + group].some((one) => settings.isBad(one)),
    );
  for (const { setting, value, sentence } of faults.filter(({ group }) => !bad(group))) {
    const key = keys[setting];
    settings.fault(key, 'bad-value', `annotation ${key.key}${value} ${sentence}`);
  }
}

/** The values that the settings of the first group have where there is none. */
const NOTHING = {
  waitFor: parseWaitCondition('0'),
  file: [],
  notify: [],
  onStart: undefined,
  onChange: undefined,
  memberLabels: undefined,
} satisfies Partial<Passed>;
/** The settings that are about the first group alone. */
const OF_FIRST = ['expected', ...Object.keys(NOTHING)] as ('expected' | keyof typeof NOTHING)[];

/**
 * Returns the settings without those of the first group, of a pod that has none. What the namespace or the installation
 * says of it is said for other pods; what the pod says itself is a fault.
 */
export function withoutFirst(passed: Passed, settings: Settings): Passed {
  for (const { key } of OF_FIRST.map((name) => keys[name])) {
    const said = settings.ofPod(key);
    if (said === undefined) continue;
    const sentence =
      `annotation ${said} is about the group without a name, and the pod has none; ` +
      `name it with ${keys.service.key}, or leave the annotation out`;
    settings.fault({ key }, 'bad-value', sentence);
  }
  return { ...passed, ...NOTHING };
}
