/**
 * The security context of the sidecar. It has a user of its own, except where OpenShift gives each namespace a range
 * of users: there the SecurityContextConstraints fill in one of them, and refuse a pod that names any other.
 */
import { USER } from '../watcher/contract.ts';
import { type Namespace, own, type Pod, type SecurityContext } from './pod.ts';

/** The annotation by which OpenShift gives a namespace its range of users. */
export const UID_RANGE_KEY = 'openshift.io/sa.scc.uid-range';

/**
 * Returns what the pod security standard `restricted` asks for, with the user of the image. A pod whose containers
 * run as root where nobody says otherwise may have any user, and the sidecar needs its own there: as root it would
 * not start. `found` is the context of the sidecar that the API server shows, where there is one.
 */
export function securityContextOf(
  { spec }: Pod,
  { annotations }: Namespace,
  found: SecurityContext | undefined,
): SecurityContext {
  const isGiven = own(annotations, UID_RANGE_KEY) !== undefined && spec.securityContext?.runAsUser !== 0;
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
    ...(isGiven ? {} : { runAsGroup: USER }),
    runAsNonRoot: true,
    ...(isGiven ? {} : { runAsUser: USER }),
    seccompProfile: { type: 'RuntimeDefault' },
    ...(isGiven && found !== undefined ? filledIn(found) : {}),
  };
}

/**
 * Returns what OpenShift has filled in since: the user, the group, the SELinux labels, and more capabilities to drop.
 * Taken out again, the pod is refused, since nobody fills them in a second time.
 */
function filledIn({ runAsUser, runAsGroup, seLinuxOptions, capabilities }: SecurityContext): SecurityContext {
  return {
    ...(isGivenId(runAsUser) && runAsUser !== 0 ? { runAsUser } : {}),
    ...(isGivenId(runAsGroup) ? { runAsGroup } : {}),
    ...(seLinuxOptions === undefined ? {} : { seLinuxOptions }),
    ...(dropsAll(capabilities) ? { capabilities } : {}),
  };
}

/** Tells whether it may be an id of the range. Ours was put in offline, where no namespace was known. */
function isGivenId(id: unknown): boolean {
  return Number.isInteger(id) && id !== USER;
}

/** Tells whether nothing is added and everything dropped, whatever is named besides. */
function dropsAll(capabilities: unknown): boolean {
  if (typeof capabilities !== 'object' || capabilities === null) return false;
  const { drop, ...others } = capabilities as { drop?: unknown };
  return Array.isArray(drop) && drop.includes('ALL') && Object.keys(others).length === 0;
}
