import { SCOPED_ACCOUNT } from '../inject/names.ts';
import { at, type Fields, isFields } from './document/value.ts';
import type { Item } from './workloads.ts';

/** What the webhook would make for a pod: an account that may see who is there. */
export interface Need {
  namespace: string;
  account: string;
  /** The account is Rollcall's own; any other must be there already. */
  scoped: boolean;
}

const RBAC = 'rbac.authorization.k8s.io';
const LABELS = { 'app.kubernetes.io/managed-by': 'rollcall' };

/** As the ClusterRole of an installation, which need not be there. */
export const RULES = [
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
];

/**
 * The objects that a namespace needs. The binding of each account has a name of its own, not the one
 * that the webhook writes: applying it would throw out whom the webhook has put there.
 */
export function accessObjects({ namespace, account, scoped }: Need): Fields[] {
  const metadata = (name: string) => ({ name, namespace, labels: { ...LABELS } });
  const serviceAccount = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: metadata(account),
    automountServiceAccountToken: false,
  };
  const role = {
    apiVersion: `${RBAC}/v1`,
    kind: 'Role',
    metadata: metadata(SCOPED_ACCOUNT),
    rules: structuredClone(RULES),
  };
  const binding = {
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata: metadata(bindingName(account)),
    roleRef: { apiGroup: RBAC, kind: 'Role', name: SCOPED_ACCOUNT },
    subjects: [{ kind: 'ServiceAccount', namespace, name: account }],
  };
  return [...(scoped ? [serviceAccount] : []), role, binding];
}

const BINDING_PREFIX = 'rollcall-inject-';

function bindingName(account: string): string {
  return BINDING_PREFIX + account;
}

/** What tells one object from another. */
export function identityOf(object: Fields): string {
  const { name, namespace } = object.metadata as { name: string; namespace: string };
  return `${object.kind} ${namespace}/${name}`;
}

/** Whether inject put it there. */
export function isOurs({ kind, name, object }: Item): boolean {
  const labels = at(object, ['metadata', 'labels']);
  if (!isFields(labels) || labels['app.kubernetes.io/managed-by'] !== 'rollcall') return false;
  if (kind === 'RoleBinding') return name.startsWith(BINDING_PREFIX);
  return (kind === 'ServiceAccount' || kind === 'Role') && name === SCOPED_ACCOUNT;
}
