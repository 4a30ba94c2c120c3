/** The kinds that the command line knows: where the API has them, and which of them describe pods. */

interface KindRow {
  /** The API groups that have had the kind; a cluster is asked for the first. */
  groups: readonly string[];
  plural: string;
  /** The abbreviation that kubectl takes. Only kinds that have one can be explained by name. */
  short?: string;
  /** The path of the pod template in an object. A Pod is its own template. */
  template?: readonly string[];
}

const inSpec = ['spec', 'template'];

const table = {
  Pod: { groups: [''], plural: 'pods', short: 'po', template: [] },
  Deployment: { groups: ['apps', 'extensions'], plural: 'deployments', short: 'deploy', template: inSpec },
  StatefulSet: { groups: ['apps'], plural: 'statefulsets', short: 'sts', template: inSpec },
  DaemonSet: { groups: ['apps', 'extensions'], plural: 'daemonsets', short: 'ds', template: inSpec },
  ReplicaSet: { groups: ['apps', 'extensions'], plural: 'replicasets', short: 'rs', template: inSpec },
  ReplicationController: { groups: [''], plural: 'replicationcontrollers', short: 'rc', template: inSpec },
  Job: { groups: ['batch'], plural: 'jobs', short: 'job', template: inSpec },
  CronJob: {
    groups: ['batch'],
    plural: 'cronjobs',
    short: 'cj',
    template: ['spec', 'jobTemplate', 'spec', 'template'],
  },
  PodTemplate: { groups: [''], plural: 'podtemplates', template: ['template'] },
  Namespace: { groups: [''], plural: 'namespaces' },
  LimitRange: { groups: [''], plural: 'limitranges' },
  Node: { groups: [''], plural: 'nodes' },
  Secret: { groups: [''], plural: 'secrets' },
  Service: { groups: [''], plural: 'services' },
  ServiceAccount: { groups: [''], plural: 'serviceaccounts' },
  EndpointSlice: { groups: ['discovery.k8s.io'], plural: 'endpointslices' },
  PodDisruptionBudget: { groups: ['policy'], plural: 'poddisruptionbudgets' },
  ClusterRole: { groups: ['rbac.authorization.k8s.io'], plural: 'clusterroles' },
  ClusterRoleBinding: { groups: ['rbac.authorization.k8s.io'], plural: 'clusterrolebindings' },
  Role: { groups: ['rbac.authorization.k8s.io'], plural: 'roles' },
  RoleBinding: { groups: ['rbac.authorization.k8s.io'], plural: 'rolebindings' },
  MutatingWebhookConfiguration: {
    groups: ['admissionregistration.k8s.io'],
    plural: 'mutatingwebhookconfigurations',
  },
  SelfSubjectAccessReview: { groups: ['authorization.k8s.io'], plural: 'selfsubjectaccessreviews' },
  ValidatingAdmissionPolicy: {
    groups: ['admissionregistration.k8s.io'],
    plural: 'validatingadmissionpolicies',
  },
  ValidatingAdmissionPolicyBinding: {
    groups: ['admissionregistration.k8s.io'],
    plural: 'validatingadmissionpolicybindings',
  },
} as const satisfies Record<string, KindRow>;

export type KindName = keyof typeof table;

export const KINDS: Readonly<Record<KindName, KindRow>> = table;

/** The kinds of which one object can be explained by its name, in the order in which they are offered. */
export const NAMED_KINDS = (Object.keys(KINDS) as KindName[]).filter(
  (name) => KINDS[name].short !== undefined,
);

/**
 * A reference to an object, or without a name to all objects of the kind. Without a namespace it is to an object that
 * is in none, or to the objects of all namespaces.
 */
export interface Reference {
  kind: KindName;
  namespace?: string;
  name?: string;
}

/** The path of the URL. All kinds are read in v1 of their group. */
export function pathOf({ kind, namespace, name }: Reference): string {
  const { groups, plural } = KINDS[kind];
  const api = groups[0] === '' ? '/api/v1' : `/apis/${groups[0]}/v1`;
  const within = namespace === undefined ? '' : `/namespaces/${namespace}`;
  return `${api}${within}/${plural}${name === undefined ? '' : `/${name}`}`;
}

/** Returns the path of the pod template in objects of this kind, and undefined for kinds that have none. */
export function templatePath(kind: string, group: string): readonly string[] | undefined {
  const known = Object.hasOwn(KINDS, kind) ? KINDS[kind as KindName] : undefined;
  return known?.groups.includes(group) ? known.template : undefined;
}
