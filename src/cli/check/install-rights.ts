import { type CheckContext, type Finding, fail, ok, warn } from './finding.ts';

const RBAC = 'rbac.authorization.k8s.io';
const ADMISSION = 'admissionregistration.k8s.io';

/** The group and the plural of everything that an installation may have; a test looks for what is left out. */
export const INSTALLED: readonly (readonly [group: string, resource: string])[] = [
  ['', 'namespaces'],
  ['', 'serviceaccounts'],
  ['', 'services'],
  ['apps', 'deployments'],
  ['policy', 'poddisruptionbudgets'],
  ['networking.k8s.io', 'networkpolicies'],
  ['scheduling.k8s.io', 'priorityclasses'],
  ['flowcontrol.apiserver.k8s.io', 'flowschemas'],
  ['flowcontrol.apiserver.k8s.io', 'prioritylevelconfigurations'],
  [RBAC, 'clusterroles'],
  [RBAC, 'clusterrolebindings'],
  [RBAC, 'roles'],
  [RBAC, 'rolebindings'],
  [ADMISSION, 'mutatingwebhookconfigurations'],
  [ADMISSION, 'validatingadmissionpolicies'],
  [ADMISSION, 'validatingadmissionpolicybindings'],
];

/** Checks that the user may create and change all that is installed. */
export async function installRights({ cluster }: CheckContext): Promise<Finding> {
  const lacking: string[] = [];
  for (const [group, resource] of INSTALLED) {
    for (const verb of ['create', 'patch']) {
      const allowed = await cluster.may(verb, group, resource);
      if (allowed === undefined)
        return warn('unreadable', 'the API server does not say what you may do', 'check as somebody else');
      if (!allowed) lacking.push(`${verb} ${resource}`);
    }
  }
  if (lacking.length === 0) return ok('you may create and change all that is installed');
  return fail('may-not-install', `you may not ${lacking.join(', ')}`, 'install as a cluster administrator');
}
