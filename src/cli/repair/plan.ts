import { EXCLUDED_NAMESPACES } from '../../inject/names.ts';
import type { MissedPod } from '../check/pod-survey.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { type TriedPod, tryPod } from '../cluster/tried-pod.ts';
import { at, type Fields, isFields, type Value } from '../document/value.ts';
import { freshCopy } from '../explain/dry-run.ts';
import { podOfTemplate } from '../workloads.ts';

export interface PodController {
  kind: string;
  name: string;
  uid: string;
}

/** A pod to evict, and the controller that makes it again. */
export interface EvictionCandidate {
  namespace: string;
  name: string;
  uid: string;
  controller: PodController;
}

/** A pod that is left as it is, and the reason. The codes are stable. */
export interface LeftAlone {
  namespace: string;
  name: string;
  code: 'system-namespace' | 'no-controller' | 'job' | 'left-out' | 'missed-again' | 'not-tried';
  why: string;
}

export interface RepairPlan {
  evict: EvictionCandidate[];
  left: LeftAlone[];
}

/** Decides for each missed pod. One pod of each controller is tried by a dry run, since all of them are alike. */
export async function planFor(
  cluster: Cluster,
  missed: readonly MissedPod[],
  system: string,
): Promise<RepairPlan> {
  const plan: RepairPlan = { evict: [], left: [] };
  const tried = new Map<string, Spared | undefined>();
  for (const { namespace, name, leftOut, object } of missed) {
    const controller = controllerOf(object);
    let left = leftAlone(namespace, controller, system) ?? (leftOut ? LEFT_OUT : undefined);
    if (left === undefined && controller !== undefined) {
      // The author of a pod can write any owner on it, so a try in one namespace says nothing about another.
      const alike = `${namespace}/${controller.uid}`;
      if (!tried.has(alike)) tried.set(alike, await attempt(cluster, namespace, object));
      left = tried.get(alike);
    }
    if (left !== undefined) plan.left.push({ namespace, name, ...left });
    else
      plan.evict.push({ namespace, name, uid: textAt(object, ['metadata', 'uid']), controller: controller! });
  }
  return plan;
}

type Spared = Pick<LeftAlone, 'code' | 'why'>;

const LEFT_OUT: Spared = {
  code: 'left-out',
  why: 'the webhook configuration leaves it out, so a copy would not be injected either',
};

/** Returns the reason for which a pod is left alone without a try, if there is one. */
function leftAlone(
  namespace: string,
  controller: PodController | undefined,
  system: string,
): Spared | undefined {
  if ([...EXCLUDED_NAMESPACES, system].includes(namespace)) {
    return { code: 'system-namespace', why: 'it is in a namespace of the system' };
  }
  // The pod of a node, which the kubelet makes from a file, can't be evicted.
  if (controller === undefined || controller.kind === 'Node') {
    return { code: 'no-controller', why: 'nobody would make it again; make it again yourself' };
  }
  if (controller.kind === 'Job') {
    return {
      code: 'job',
      why: `its work would begin anew; delete it yourself if the Job ${controller.name} may`,
    };
  }
  return undefined;
}

/** Tries a copy of a pod, and returns the reason to leave the pod alone, if there is one. */
async function attempt(cluster: Cluster, namespace: string, object: Fields): Promise<Spared | undefined> {
  const { outcome, reason } = await tryPod(cluster, namespace, freshCopy(podOfTemplate(object)));
  return WHY_NOT[outcome]?.(reason);
}

const WHY_NOT: Readonly<Record<TriedPod['outcome'], ((reason: string) => Spared) | undefined>> = {
  'with-sidecar': undefined,
  'without-sidecar': () => ({
    code: 'missed-again',
    why: 'a copy would not be injected either; see rollcall check',
  }),
  refused: (reason) => ({ code: 'missed-again', why: `a copy would be refused: ${reason}` }),
  forbidden: () => ({ code: 'not-tried', why: 'you may not create pods there, so it was not tried' }),
};

export function controllerOf(pod: Value): PodController | undefined {
  const owners = at(pod, ['metadata', 'ownerReferences']);
  const owner = (Array.isArray(owners) ? owners : []).find((one) => at(one, ['controller']) === true);
  if (!isFields(owner)) return undefined;
  return { kind: String(owner.kind), name: String(owner.name), uid: String(owner.uid) };
}

function textAt(pod: Value, path: readonly string[]): string {
  return String(at(pod, path));
}
