import type { Member } from '../protocol.ts';
import type { WaitCondition } from '../texts/wait-condition.ts';

/** The group as a gate sees it. */
export interface Waited {
  members: readonly Member[];
  /** The number of members that have to count; null while nobody says it. */
  wanted: number | null;
  /** The group is another one than the first, so that this pod need not be in it. */
  isNamed: boolean;
}

/**
 * Returns why the members that a condition waits for may never come, and what to do; undefined when nothing is to be
 * seen. It walks all members, so it is for the beginning and the end of a wait.
 */
export function whyNever(condition: WaitCondition, waited: Waited): string | undefined {
  const { members, isNamed } = waited;
  const self = members.find((member) => member.self);
  if (self !== undefined) return laterPod(condition, waited, self) ?? oneAnother(condition, waited);
  return isNamed
    ? undefined
    : 'this pod is not among the members; if it is meant to be, look at its labels and at publishNotReadyAddresses';
}

/** A StatefulSet makes the next pod when this one is ready, unless it is told not to wait. */
function laterPod({ subject }: WaitCondition, { members, wanted }: Waited, self: Member): string | undefined {
  const last = Math.max(...members.map(({ ordinal = 0 }) => ordinal));
  const needed = typeof subject === 'object' && 'ordinal' in subject ? subject.ordinal + 1 : (wanted ?? 0);
  if (self.ordinal !== last || last + 1 >= needed) return undefined;
  return (
    `${self.name} is the highest ordinal so far: a StatefulSet that is OrderedReady makes the next pod only ` +
    'when this one is ready, so this would never end; set podManagementPolicy: Parallel'
  );
}

/** Members that are there and only not ready may be held back by a gate as this one is. */
function oneAnother(condition: WaitCondition, { members, wanted }: Waited): string | undefined {
  const { subject, ready } = condition;
  if (!ready || wanted === null || (typeof subject === 'object' && 'ordinal' in subject)) return undefined;
  const counted = members.filter((member) => condition.counts(member)).length;
  const unready = members.filter((member) => !member.terminating).length - counted;
  if (unready === 0 || counted >= wanted || counted + unready < wanted) return undefined;
  return (
    `all that is missing is that ${unready} of the members, which are there, become ready: if they wait as this pod ` +
    `does, they wait for one another; write "${`${condition}`.replace(' ready', '')}" without "ready", or "ordinal 0 ready"`
  );
}
