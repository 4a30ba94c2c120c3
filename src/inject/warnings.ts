/** What whoever creates the pod is told beside the decision. Bounded: API servers cut what is over 4,096 characters. */
import { type Key, keys, PLACES, PREFIX, type Written } from './annotations.ts';
import { countedOtherwise, countsAs } from './counted.ts';
import type { Decision } from './decide.ts';
import { STATUS_KEY } from './names.ts';
import type { Options } from './options.ts';
import { ownTokenVolume } from './own-token.ts';
import type { Plan } from './plan.ts';
import { type Namespace, own, type Pod } from './pod.ts';
import { isSurprising, shown } from './problem.ts';
import { unknownKeys } from './settings.ts';

/** So many keys that there are not are named; the rest is counted. */
const NAMED_KEYS = 10;

/** A warning: what it is about, for programs, and a sentence for those who create the pod. */
export interface Warning {
  code: 'pod-keys' | 'namespace-keys' | 'gate' | 'amounts' | 'own-token' | 'dry-run' | 'not-injected';
  sentence: string;
}

/** Returns the warnings as the webhook sends them: sentences that say who warns. */
export function warningsOf(pod: Pod, namespace: Namespace, decision: Decision): string[] {
  return allWarnings(pod, namespace, decision).map(({ sentence }) => `rollcall: ${sentence}`);
}

export function allWarnings(pod: Pod, namespace: Namespace, decision: Decision): Warning[] {
  return [
    ...of('pod-keys', keyWarnings(pod, decision)),
    ...of('namespace-keys', namespaceWarnings(namespace, decision)),
    ...(decision.kind === 'inject'
      ? [
          ...of('gate', gateWarnings(decision.plan, decision.options)),
          ...of('amounts', amountWarnings(pod, decision.plan, decision.options)),
          ...of('own-token', tokenWarnings(pod, decision.plan, decision.options)),
          ...of('dry-run', dryRunWarnings(decision.plan)),
        ]
      : of('not-injected', skipWarnings(decision))),
  ];
}

function of(code: Warning['code'], sentences: readonly string[]): Warning[] {
  return sentences.map((sentence) => ({ code, sentence }));
}

/** What is written on the pod and does nothing: keys that there are not, and keys on a pod that nobody asks for. */
function keyWarnings({ metadata }: Pod, decision: Decision): string[] {
  const ours = Object.keys(metadata?.annotations ?? {}).filter((key) => key.startsWith(PREFIX));
  const { named, more } = unknownKeys(ours, NAMED_KEYS);
  const warnings = named.map(
    ({ key, meant }) =>
      `annotation ${shown(key)} is not known${meant === undefined ? '' : `; is ${meant} meant?`}`,
  );
  if (more > 0) warnings.push(`${more} more annotations of ${PREFIX} are not known`);
  if (ours.includes(keys.podAccess.key))
    warnings.push(`annotation ${keys.podAccess.key} does nothing on a pod; write it on the namespace`);
  const idle = ours.find((key) => key !== STATUS_KEY);
  if (decision.kind === 'skip' && decision.code === 'not-opted-in' && idle !== undefined) {
    warnings.push(
      `annotation ${shown(idle)} does nothing on a pod that is not injected; ${decision.sentence}`,
    );
  }
  return warnings;
}

/** The keys that a namespace does not decide. */
const NOT_OF_NAMESPACE = Object.values<Key<unknown>>(keys).filter(
  ({ on, kind }) => kind === 'annotation' && !(PLACES[on] as readonly Written[]).includes('namespace'),
);

function namespaceWarnings({ annotations }: Namespace, decision: Decision): string[] {
  if (decision.kind === 'skip' && !isSurprising(decision.code)) return [];
  const ignored = NOT_OF_NAMESPACE.filter(({ key }) => own(annotations, key) !== undefined);
  if (ignored.length === 0) return [];
  return [
    `these annotations of the namespace do nothing: ${ignored.map(({ key }) => key).join(', ')}; write them on the ` +
      'pod, since what runs, sends, mounts or changes identity is not for a namespace to say',
  ];
}

/** Gates that may never open, for all that can be told from the pod. */
function gateWarnings({ native }: Plan, { waitFor, group }: Options): string[] {
  if (waitFor === 0) return [];
  const known =
    group.source === 'dns'
      ? 'DNS lists ready pods only, and one that waits is not ready: its Service needs publishNotReadyAddresses: true'
      : native
        ? undefined
        : 'a pod has no address until its ordinary sidecar has started, so pods that wait do not see each other';
  return known === undefined ? [] : [`annotation ${keys.waitFor.key}: ${known}`];
}

/** What the pod asks for, and the sidecar gets otherwise. */
function amountWarnings({ metadata }: Pod, plan: Plan, options: Options): string[] {
  return countedOtherwise(options, plan)
    .filter(({ key }) => own(metadata?.annotations, key) !== undefined)
    .map((one) => `annotation ${one.key}: "${shown(one.asked)}" ${countsAs(one)}`);
}

/** An account that stays, where the pods of it get another. */
function tokenWarnings(pod: Pod, { account, accountName }: Plan, { serviceAccount }: Options): string[] {
  const volume = ownTokenVolume(pod);
  if (volume === undefined || account !== 'kept' || accountName !== 'default' || serviceAccount !== 'auto')
    return [];
  return [
    `volume "${shown(volume)}" shows the account "default" of the pod to others, so the account stays and is given ` +
      `the right to read the group; write ${keys.serviceAccount.key}: "keep" if that is meant, or "scoped" to ` +
      'have the account replaced',
  ];
}

function dryRunWarnings({ account, accountName, accountWhenCreated }: Plan): string[] {
  if (account !== 'untouched' || accountName === accountWhenCreated) return [];
  return [
    `on a dry run no ServiceAccount is made, so the account "${accountName}" of the pod is shown ` +
      `unchanged; created for real, the pod runs as "${accountWhenCreated}"`,
  ];
}

function skipWarnings(decision: Exclude<Decision, { kind: 'inject' }>): string[] {
  if (decision.kind !== 'skip' || !isSurprising(decision.code)) return [];
  return [`not injected (${decision.code}): ${decision.sentence}`];
}
