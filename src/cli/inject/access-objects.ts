import { type AccessNeed, OWN_ACCOUNTS, ROLES, type Role } from '../../inject/roles.ts';
import { at, type Fields, isFields } from '../document/value.ts';
import type { Item } from '../workloads.ts';

const RBAC = 'rbac.authorization.k8s.io';
const LABELS = { 'app.kubernetes.io/managed-by': 'rollcall' };

const READ = ['get', 'list', 'watch'];

interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

/** The rules of the Roles. They are those of the ClusterRoles of an installation, which need not be there. */
export const RULES: Readonly<Record<Role, readonly PolicyRule[]>> = {
  [ROLES.slices]: [{ apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READ }],
  [ROLES.pods]: [{ apiGroups: [''], resources: ['pods'], verbs: READ }],
  [ROLES.scale]: [
    {
      apiGroups: ['apps'],
      resources: ['statefulsets/scale', 'deployments/scale', 'replicasets/scale'],
      verbs: ['get'],
    },
    {
      apiGroups: ['leaderworkerset.x-k8s.io'],
      resources: ['leaderworkersets/scale'],
      verbs: ['get'],
    },
  ],
};

/** Returns the objects that a namespace needs. The webhook would make them for a pod. */
export function accessObjects(namespace: string, { account, roles }: AccessNeed): Fields[] {
  const metadata = (name: string) => ({ name, namespace, labels: { ...LABELS } });
  const serviceAccount = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: metadata(account),
    automountServiceAccountToken: false,
  };
  const rights = roles.flatMap((role) => [
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'Role',
      metadata: metadata(role),
      rules: structuredClone(RULES[role]) as unknown as Fields[],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'RoleBinding',
      metadata: metadata(bindingName(role, account)),
      roleRef: { apiGroup: RBAC, kind: 'Role', name: role },
      subjects: [{ kind: 'ServiceAccount', namespace, name: account }],
    },
  ]);
  return [...(OWN_ACCOUNTS.includes(account) ? [serviceAccount] : []), ...rights];
}

const BINDING_PREFIX = 'rollcall-inject-';
const BINDING_KINDS: Readonly<Record<Role, string>> = {
  [ROLES.slices]: '',
  [ROLES.pods]: 'pods:',
  [ROLES.scale]: 'scale:',
};

/**
 * Returns the name of the binding of an account. It is not the name of the binding that the webhook writes:
 * applying that one would remove the accounts that the webhook has put there. No account has a colon in its
 * name, so that two bindings never have the same name.
 */
function bindingName(role: Role, account: string): string {
  return BINDING_PREFIX + BINDING_KINDS[role] + account;
}

/** Returns a text that tells one object from another. */
export function identityOf(object: Fields): string {
  const { name, namespace } = object.metadata as { name: string; namespace: string };
  return `${object.kind} ${namespace}/${name}`;
}

/** Tells whether inject added the object. */
export function isOurs({ kind, name, object }: Item): boolean {
  const labels = at(object, ['metadata', 'labels']);
  if (!isFields(labels) || labels['app.kubernetes.io/managed-by'] !== 'rollcall') return false;
  if (kind === 'RoleBinding') return name.startsWith(BINDING_PREFIX);
  if (kind === 'ServiceAccount') return OWN_ACCOUNTS.includes(name);
  return kind === 'Role' && Object.hasOwn(RULES, name);
}
