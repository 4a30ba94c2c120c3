/** Pods that run on Windows nodes, by all that can say so. */
import { type NodeSelectorTerm, own, type Pod, type PodSpec } from './pod.ts';

/** The labels of a node with its system; the second is the older name of the first. */
const SYSTEM = ['kubernetes.io/os', 'beta.kubernetes.io/os'];
/** A label that Windows nodes alone have. */
const BUILD = 'node.kubernetes.io/windows-build';

/** Tells whether the pod runs on Windows nodes. `spec.os` decides where it is set: the API server enforces it. */
export function isForWindows({ spec }: Pod): boolean {
  if (spec.os !== undefined) return spec.os.name === 'windows';
  return hasWindowsOptions(spec) || selectsWindows(spec) || requiresWindows(spec);
}

/** Tells whether the pod or a container has options of Windows, which mean nothing on Linux nodes. */
function hasWindowsOptions({ securityContext, containers, initContainers = [] }: PodSpec): boolean {
  const isSaid = (context: PodSpec['securityContext']) =>
    Object.keys(context?.windowsOptions ?? {}).length > 0;
  if (isSaid(securityContext)) return true;
  return [containers, initContainers].some((list) => list.some((one) => isSaid(one.securityContext)));
}

function selectsWindows({ nodeSelector }: PodSpec): boolean {
  if (own(nodeSelector, BUILD) !== undefined) return true;
  return SYSTEM.some((key) => own(nodeSelector, key) === 'windows');
}

/** Tells whether all terms of the required node affinity ask for Windows, since a node has to match only one. */
function requiresWindows({ affinity }: PodSpec): boolean {
  const { nodeSelectorTerms: terms = [] } =
    affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? {};
  return terms.length > 0 && terms.every(isOfWindows);
}

function isOfWindows({ matchExpressions = [] }: NodeSelectorTerm): boolean {
  return matchExpressions.some(({ key, operator, values = [] }) => {
    if (key === BUILD) return operator === 'Exists' || operator === 'In';
    if (!SYSTEM.includes(key)) return false;
    if (operator === 'NotIn') return values.includes('linux');
    return operator === 'In' && values.length > 0 && values.every((one) => one === 'windows');
  });
}
