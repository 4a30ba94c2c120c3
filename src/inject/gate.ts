/** The gate: how the sidecar holds back the application until the group is known, or large enough. */
import { type NamedGroup, parseNamedWait } from '../named-group.ts';
import type { WaitCondition } from '../watcher/texts/wait-condition.ts';
import { keys } from './annotations.ts';
import { type Reason, reason, type Warning, warning } from './codes.ts';
import { expectedIn } from './expected.ts';
import { isForeign } from './foreign-group.ts';
import type { ChosenGroup } from './group.ts';
import { exec, httpGet, type Port, PROCESS_SECONDS } from './health.ts';
import type { Options } from './options.ts';
import type { Plan } from './plan.ts';
import type { Namespace, Pod } from './pod.ts';
import { NO_FAULTS, type Rule } from './rule.ts';
import type { Settings } from './settings.ts';

/** One thing that the start of the application waits for. */
export interface Wait {
  /** The name of the group; undefined for the first. */
  name: string | undefined;
  condition: WaitCondition;
}

/** Returns all that the start of the application waits for, beside that the groups are known. */
export function gatesOf({ waitFor, waitForGroup }: Pick<Options, 'waitFor' | 'waitForGroup'>): Wait[] {
  const named = waitForGroup.map(parseNamedWait).map(({ group, condition }) => ({ name: group, condition }));
  return [{ name: undefined, condition: waitFor }, ...named].filter(({ condition }) => condition.waits);
}

/**
 * The time for the start of a sidecar that waits for no number: it lets the application start after 10 s at the
 * latest.
 */
const START_SECONDS = 60;
/** The time for the probe, which comes every second, to hear that the time to wait is over. */
const MARGIN_SECONDS = 10;
/** The time for an answer of `/startz`, which is held for up to 20 s because each refusal is an Event of the pod. */
const HELD_SECONDS = 30;

/** Returns the hook of an ordinary sidecar: the kubelet starts the next container when it has ended. */
export function startHook(options: Options) {
  return { postStart: exec('startz', startSeconds(options)) };
}

/**
 * Returns the probe of a native sidecar: the kubelet starts the next container when it has succeeded. Where something
 * is waited for, it is a process: what a process says is in the Event of a probe that has failed, and what is answered
 * over HTTP is not.
 */
export function startupProbe(options: Options, port: Port) {
  const says = port === 'off' || gatesOf(options).length > 0;
  const held = exec('startz', HELD_SECONDS - PROCESS_SECONDS, ['--tell', 'true']);
  return {
    ...(says ? held : httpGet('startz', port)),
    timeoutSeconds: HELD_SECONDS,
    periodSeconds: 1,
    failureThreshold: startSeconds(options),
  };
}

function startSeconds(options: Options): number {
  return Math.max(START_SECONDS, gatesOf(options).length > 0 ? options.waitTimeout + MARGIN_SECONDS : 0);
}

/** A kubelet starts the next container also when the one that held it back has ended. */
export const openGate: Rule = {
  needs: [keys.nativeSidecar],
  faults({ options, plan: { native }, settings }) {
    if (native || options.waitAction !== 'fail' || gatesOf(options).length === 0) return NO_FAULTS;
    return [
      reason(
        'bad-value',
        `${settings.named(keys.waitAction)}: "fail" needs a native sidecar, since the application starts all the ` +
          'same when an ordinary one ends; write "continue", or use a native one',
      ),
    ];
  },
};

/** The rule that a wait can end: "all" needs a number of expected members, and no more than that number come. */
export const knownSize: Rule = {
  // A bad setting of one group says nothing of the others: each is looked at by itself.
  needs: [],
  faults: ({ options, settings }) =>
    gatesOf(options)
      .filter(({ name }) => name === undefined || options.groups.some((group) => group.name === name))
      .flatMap((wait) => unknownSize(wait, options, settings) ?? NO_FAULTS),
};

function unknownSize({ name, condition }: Wait, options: Options, settings: Settings): Reason | undefined {
  const [waiting, expecting] =
    name === undefined
      ? [keys.waitFor, keys.expected]
      : [keys.waitForGroup, keys.expectedOfGroup].map((key) => ({ ...key, key: key.key + name }));
  if ([waiting, expecting].some(({ key }) => settings.isBad(key))) return undefined;
  const { subject } = condition;
  const said = `${settings.named(waiting)}: "${condition}"`;
  const expected = expectedIn(options, name);
  if (subject === 'all') {
    if (expected !== undefined) return undefined;
    const such = name === undefined ? '"owner"' : '"deployment NAME"';
    const remedy = `write ${expecting.key}: ${such}, or a number of members to wait for`;
    return reason('never-opens', `${said} needs to know how many members there are to be; ${remedy}`);
  }
  const least = 'count' in subject ? subject.count : 0;
  if (typeof expected !== 'number' || least <= expected) return undefined;
  return reason(
    'never-opens',
    `${said} is more than ${settings.named(expecting)}: "${expected}" says there will be; write a smaller number, or "all"`,
  );
}

/** Warns of gates that may never open, for all that can be told from the pod. */
export function gateWarnings(
  { spec }: Pod,
  { native }: Pick<Plan, 'native'>,
  options: Pick<Options, 'waitFor' | 'waitForGroup' | 'group' | 'groups'>,
  { name: home }: Pick<Namespace, 'name'>,
): Warning[] {
  return gatesOf(options).flatMap((wait) => {
    const group = groupOfWait(wait, options);
    const isOwn = isOwnGroup(spec, group, home);
    // Members of a group under a name are the pods of others, unless it is that of the pod's own Service.
    if (group === undefined || (wait.name !== undefined && !isOwn)) return [];
    const trouble = troubleOf(wait.condition, { isDns: group.source === 'dns', native, isOwn });
    return trouble === undefined ? [] : [warning('gate', `annotation ${keyOfWait(wait)}${trouble}`)];
  });
}

function groupOfWait({ name }: Wait, { group, groups }: Pick<Options, 'group' | 'groups'>) {
  if (name === undefined) return group;
  return groups.find((one) => one.name === name);
}

/** Tells whether the members of the group are the pods of the Service that the pod has its name in the DNS from. */
function isOwnGroup(
  { subdomain }: Pod['spec'],
  group: ChosenGroup | NamedGroup | undefined,
  home: string,
): boolean {
  if (!subdomain || group === undefined || group.source === 'pods') return false;
  if ('service' in group) return group.service === subdomain;
  return group.of === subdomain && !isForeign(group, home);
}

function keyOfWait({ name }: Wait): string {
  return name === undefined ? keys.waitFor.key : `${keys.waitForGroup.key}${name}`;
}

/** The facts by which pods that wait may not see each other. */
interface WaitFacts {
  isDns: boolean;
  native: boolean;
  /** The pods wait for their own group. */
  isOwn: boolean;
}

/** Returns what may keep the gate from opening, behind the name of its annotation; undefined for nothing. */
function troubleOf(condition: WaitCondition, { isDns, native, isOwn }: WaitFacts): string | undefined {
  if (isDns) {
    return (
      ': DNS lists ready pods only, and one that waits is not ready: its Service ' +
      'needs publishNotReadyAddresses: true'
    );
  }
  if (!native)
    return ': a pod has no address until its ordinary sidecar has started, so pods that wait do not see each other';
  // Members of one group that wait to be ready wait for each other: no pod is ready before its application has started.
  if (!isOwn || !condition.waitsForOneAnother) return undefined;
  return (
    `: "${condition}" of its own group: no pod is ready before its application has started, so pods that are new ` +
    'together wait for one another; leave "ready" out, or write "ordinal 0 ready"'
  );
}
