/**
 * The imagePullSecrets that an installation adds to injected pods, where the image of the sidecar is in a private
 * registry. They name Secrets in the namespace of the pod; a kubelet says that one is missing, and goes on.
 *
 * Only the webhook adds them: the API server gives a pod those of its account when it has none, which comes before
 * webhooks are called. In a file they would keep the application from getting those of its account.
 */
import type { Operation } from './operations.ts';
import { removals } from './operations.ts';
import type { Pod, PullSecret } from './pod.ts';
import type { InjectionStatus } from './status.ts';

/** The part of a plan that is about pull secrets. */
export interface PullSecretPlan {
  /** The Secrets that the pod is to name, beside its own. */
  pullSecrets: readonly PullSecret[];
}

/** The empty list, which nearly every installation has. */
export const NO_PULL_SECRETS: readonly PullSecret[] = Object.freeze([]);

/** Returns those that the pod does not name. */
function missing({ spec }: Pod, pullSecrets: readonly PullSecret[]): readonly PullSecret[] {
  if (pullSecrets.length === 0) return NO_PULL_SECRETS;
  const named = new Set(spec.imagePullSecrets?.map(({ name }) => name));
  return pullSecrets.filter(({ name }) => !named.has(name));
}

/** Returns the names of those that are to be added, and of those that were added when the pod was seen before. */
export function addedPullSecrets(
  pod: Pod,
  pullSecrets: readonly PullSecret[],
  before: readonly string[] = [],
): readonly string[] {
  const added = missing(pod, pullSecrets);
  return added.length === 0 ? before : [...new Set([...before, ...added.map(({ name }) => name!)])];
}

export function pullSecretOperations(pod: Pod, { pullSecrets }: PullSecretPlan): Operation[] {
  const added = missing(pod, pullSecrets);
  if (added.length === 0) return [];
  const path = '/spec/imagePullSecrets';
  if ((pod.spec.imagePullSecrets ?? []).length === 0) return [{ op: 'add', path, value: added }];
  return added.map((value): Operation => ({ op: 'add', path: `${path}/-`, value }));
}

/** Takes out those that injection added. */
export function undoPullSecrets(
  { spec }: Pod,
  { pullSecrets = [] }: InjectionStatus,
  wasEmpty: (part: string) => boolean,
): Operation[] {
  if (pullSecrets.length === 0) return [];
  const added = new Set(pullSecrets);
  const isAdded = ({ name }: PullSecret) => name !== undefined && added.has(name);
  return removals('/spec/imagePullSecrets', spec.imagePullSecrets, isAdded, wasEmpty('imagePullSecrets'));
}
