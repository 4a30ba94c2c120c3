import type { Pod } from '../../inject/pod.ts';
import { uninject } from '../../inject/uninject.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { type TriedPod, tryPod } from '../cluster/tried-pod.ts';
import { applyOperations } from '../document/operations.ts';
import { type Fields, isFields, type Value } from '../document/value.ts';
import type { ExplainedRule } from './explanation.ts';

/** The prefix that the webhook gives its warnings. */
const OURS = 'rollcall: ';

/** Tries the copy of a pod, and returns those of the warnings that come from the webhook. */
export async function dryRun(
  cluster: Cluster,
  copy: Fields,
  namespace: string,
): Promise<{ rule: ExplainedRule; warnings: string[] }> {
  const tried = await tryPod(cluster, namespace, copy);
  // biome-ignore lint/plugin: an API server passes warnings on as texts, without who warns.
  const ours = tried.warnings.filter((warning) => warning.startsWith(OURS));
  return {
    rule: { rule: 'dry-run', ...verdict(tried) },
    warnings: ours.map((warning) => warning.slice(OURS.length)),
  };
}

function verdict({ outcome, reason }: TriedPod): Pick<ExplainedRule, 'answer' | 'why'> {
  switch (outcome) {
    case 'with-sidecar':
      return { answer: 'yes', why: 'a copy that is created now would have the sidecar' };
    case 'without-sidecar':
      return { answer: 'no', why: 'a copy that is created now would not have the sidecar' };
    case 'forbidden':
      return { answer: 'unknown', why: 'you may not create pods there, so it was not tried' };
    case 'refused':
      return { answer: 'no', why: `a copy can't be created now: ${reason}` };
  }
}

/**
 * Returns the pod as it was before it was created: without the sidecar, the node, and the fields of the API
 * server. It keeps its owner, by which the webhook knows how many members are expected.
 */
export function freshCopy(pod: Pod): Fields {
  const { metadata, spec } = applyOperations(pod as unknown as Value, uninject(pod)) as {
    metadata?: Fields;
    spec: Fields;
  };
  const { labels, annotations, ownerReferences, name, generateName } = metadata ?? {};
  const { nodeName: _, ephemeralContainers: __, volumes, ...rest } = spec;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${String(generateName ?? name ?? 'rollcall').slice(0, 50)}-explain-`,
      ...(isFields(labels) ? { labels } : {}),
      ...(isFields(annotations) ? { annotations } : {}),
      ...(Array.isArray(ownerReferences) ? { ownerReferences: ownerReferences.map(unblocking) } : {}),
    },
    spec: { ...rest, ...(Array.isArray(volumes) ? { volumes } : {}) },
  };
}

/** Returns the owner without `blockOwnerDeletion`, which takes a right to the finalizers of the owner. */
function unblocking(owner: Value): Value {
  if (!isFields(owner)) return owner;
  const { blockOwnerDeletion: _, ...rest } = owner;
  return rest;
}
