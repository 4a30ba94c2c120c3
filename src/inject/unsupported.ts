/** The rules about pods to which no sidecar can or may be added, whatever they and their namespaces say. */
import { keys } from './annotations.ts';
import { type Reason, reason } from './codes.ts';
import { EXCLUDED_NAMESPACES } from './names.ts';
import type { Install } from './plan.ts';
import { type Namespace, own, type Pod } from './pod.ts';
import type { Rule } from './rule.ts';
import { isForWindows } from './windows.ts';

/**
 * The most parts of a pod: many times what pods have, and so few that a review takes a moment and its answer is short.
 */
const MOST = { containers: 500, volumes: 1000, mounts: 2000, annotations: 1000 };

interface Asked {
  namespace: Namespace;
  install: Install;
  /** The pod itself asks, not its namespace alone. */
  asks: boolean;
}

/**
 * Returns why a pod is left alone whatever its author writes, and nothing more is to be asked about it; undefined
 * where there is no such reason.
 */
export function unsupported(pod: Pod, { namespace, install, asks }: Asked): readonly Reason[] | undefined {
  if (isExcluded(namespace, install)) {
    const advice = 'run what needs the sidecar in another';
    return [
      reason(
        'excluded-namespace',
        `nothing is added to pods of the namespace "${namespace.name}"; ${advice}`,
      ),
    ];
  }
  if (isMirror(pod))
    return [reason('mirror-pod', 'a static pod is run by its node alone; nothing can be added to it here')];
  if (isForWindows(pod)) return [reason('windows', 'the sidecar runs on Linux nodes only')];
  const large = tooLarge(pod);
  return large && [...onNode(pod, asks), large];
}

/** A pod on the network of its node has to ask itself. */
export const nodeNetwork: Rule = {
  needs: [],
  faults: ({ pod, asks }) => onNode(pod, asks),
};

function onNode({ spec }: Pod, asks: boolean): Reason[] {
  if (spec.hostNetwork !== true || asks) return [];
  return [
    reason(
      'host-network',
      'the pod is on the network of its node, where a sidecar reaches more than the pod; ' +
        `it has to ask itself, with ${keys.inject.key}: "true"`,
    ),
  ];
}

/**
 * Tells whether a pod is never refused, even when it asks: a static pod runs all the same, and without its image in
 * the API it would be hidden; the cluster needs the pods of its own namespaces.
 */
export function isNeverRefused(pod: Pod, namespace: Namespace, install: Install): boolean {
  return isMirror(pod) || isExcluded(namespace, install);
}

/** Tells whether the pods are of the cluster: they run with its rights, and must start when nothing else does. */
function isExcluded({ name }: Namespace, { ownNamespace }: Install): boolean {
  return EXCLUDED_NAMESPACES.includes(name) || name === ownNamespace;
}

function isMirror({ metadata }: Pod): boolean {
  return own(metadata?.annotations, 'kubernetes.io/config.mirror') !== undefined;
}

/** Returns why a pod is too large to be looked at. */
function tooLarge({ metadata, spec }: Pod): Reason | undefined {
  const { containers, initContainers = [], volumes = [] } = spec;
  const all = containers.length + initContainers.length;
  const annotations = Object.keys(metadata?.annotations ?? {}).length;
  const count = { containers: all, volumes: volumes.length, mounts: 0, annotations };
  if (all <= MOST.containers) {
    for (const list of [containers, initContainers])
      for (const { volumeMounts = [] } of list) count.mounts += volumeMounts.length;
  }
  const over = (['containers', 'volumes', 'mounts', 'annotations'] as const).find(
    (name) => count[name] > MOST[name],
  );
  if (over === undefined) return undefined;
  return reason(
    'too-large',
    `the pod has ${count[over]} ${over}, and the sidecar is added to pods of up to ${MOST[over]}; split it`,
  );
}
