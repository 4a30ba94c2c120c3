/** Pods that no sidecar can be added to, or none may be, whatever they and their namespaces say. */

import { EXCLUDED_NAMESPACES } from './names.ts';
import type { Install } from './plan.ts';
import { type Namespace, own, type Pod } from './pod.ts';
import { Problem } from './problem.ts';
import { isForWindows } from './windows.ts';

/** Many times what pods have. With less, no review takes long, and the answer is shorter than the pod. */
const MOST = { containers: 500, volumes: 1000, mounts: 2000, annotations: 1000 };

interface Context {
  namespace: Namespace;
  install: Install;
  /** The pod itself asks, not its namespace alone. */
  asks: boolean;
}

/** Throws a `Problem` that says what is in the way. */
export function refuseUnsupported(pod: Pod, { namespace, install, asks }: Context): void {
  if (isExcluded(namespace, install)) {
    throw new Problem(
      'excluded-namespace',
      `nothing is added to pods of the namespace "${namespace.name}"; run what needs the sidecar in another`,
    );
  }
  if (isMirror(pod)) {
    throw new Problem('mirror-pod', 'a static pod is run by its node alone; nothing can be added to it here');
  }
  if (isForWindows(pod)) throw new Problem('windows', 'the sidecar runs on Linux nodes only');
  if (pod.spec.hostNetwork === true && !asks) {
    throw new Problem(
      'host-network',
      'the pod is on the network of its node, where a sidecar reaches more than the pod; ' +
        'it has to ask itself, with rollcall.dev/inject: "true"',
    );
  }
  refuseTooLarge(pod);
}

/**
 * A pod that is never refused, even when it asks: a static pod runs all the same, and without its image in
 * the API it would be hidden; the cluster needs the pods of its own namespaces.
 */
export function isNeverRefused(pod: Pod, namespace: Namespace, install: Install): boolean {
  return isMirror(pod) || isExcluded(namespace, install);
}

/** Pods of the cluster run with its rights, and must start when nothing else does. */
function isExcluded({ name }: Namespace, { ownNamespace }: Install): boolean {
  return EXCLUDED_NAMESPACES.includes(name) || name === ownNamespace;
}

function isMirror({ metadata }: Pod): boolean {
  return own(metadata?.annotations, 'kubernetes.io/config.mirror') !== undefined;
}

function refuseTooLarge({ metadata, spec: { containers, initContainers = [], volumes = [] } }: Pod): void {
  const all = containers.length + initContainers.length;
  const annotations = Object.keys(metadata?.annotations ?? {}).length;
  const count = { containers: all, volumes: volumes.length, mounts: 0, annotations };
  if (all <= MOST.containers) {
    for (const list of [containers, initContainers])
      for (const { volumeMounts = [] } of list) count.mounts += volumeMounts.length;
  }
  for (const name of ['containers', 'volumes', 'mounts', 'annotations'] as const) {
    if (count[name] <= MOST[name]) continue;
    throw new Problem(
      'too-large',
      `the pod has ${count[name]} ${name}, and the sidecar is added to pods of up to ${MOST[name]}; split it`,
    );
  }
}
