/** The parts of an installation that are there, on a control plane that nothing else runs on. */

import type { ControlPlane } from '../support/control-plane.ts';

/** The kinds of objects that an installation has. */
export const KINDS = [
  ...['namespaces', 'serviceaccounts', 'services', 'deployments', 'poddisruptionbudgets', 'networkpolicies'],
  ...['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings', 'priorityclasses', 'flowschemas'],
  ...['prioritylevelconfigurations', 'mutatingwebhookconfigurations', 'validatingadmissionpolicies'],
  'validatingadmissionpolicybindings',
];

/** `RESOURCE.GROUP/NAME` of all that belongs to an installation. */
export async function partsOf(plane: ControlPlane): Promise<string[]> {
  const label = '--selector=app.kubernetes.io/part-of=rollcall';
  const names = await plane.kubectl('get', KINDS.join(), label, '--all-namespaces', '--output=name');
  return names.split('\n').filter((name) => name !== '');
}
