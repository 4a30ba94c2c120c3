/** The parts of a core/v1 Pod that injection reads or writes. Everything else passes untouched. */
export interface Pod {
  metadata?: {
    name?: string;
    generateName?: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: OwnerReference[];
  };
  spec: PodSpec;
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
}

export interface PodSpec {
  containers: Container[];
  initContainers?: Container[];
  volumes?: Volume[];
  subdomain?: string;
  serviceAccountName?: string;
  /** The old alias of `serviceAccountName`; the API server keeps both alike. */
  serviceAccount?: string;
  automountServiceAccountToken?: boolean;
  nodeSelector?: Record<string, string>;
  affinity?: Affinity;
  os?: { name: string };
  securityContext?: SecurityContext;
  hostNetwork?: boolean;
  schedulerName?: string;
  imagePullSecrets?: PullSecret[];
  restartPolicy?: string;
  terminationGracePeriodSeconds?: number;
  /** The requests and limits of the pod as a whole, whatever its containers have. */
  resources?: Resources;
}

/** A Secret in the namespace of the pod that pulls its images. */
export interface PullSecret {
  name?: string;
}

export interface Affinity {
  nodeAffinity?: { requiredDuringSchedulingIgnoredDuringExecution?: NodeSelector };
}

export interface NodeSelector {
  nodeSelectorTerms?: NodeSelectorTerm[];
}

export interface NodeSelectorTerm {
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

export interface Resources {
  requests?: Record<string, string>;
  limits?: Record<string, string>;
}

export interface Container {
  name: string;
  image?: string;
  args?: string[];
  restartPolicy?: string;
  ports?: ContainerPort[];
  resources?: Resources;
  volumeMounts?: VolumeMount[];
  volumeDevices?: VolumeDevice[];
  securityContext?: SecurityContext;
  [field: string]: unknown;
}

export interface ContainerPort {
  containerPort?: number;
  /** `TCP` when it is not said. */
  protocol?: string;
}

/** A volume as a block device. */
export interface VolumeDevice {
  name: string;
  devicePath?: string;
}

/** The rights of a pod, or of a container, and what says that it is for Windows. */
export interface SecurityContext {
  windowsOptions?: Readonly<Record<string, unknown>>;
  [field: string]: unknown;
}

export interface VolumeMount {
  name: string;
  mountPath: string;
  readOnly?: boolean;
  subPath?: string;
  subPathExpr?: string;
  [field: string]: unknown;
}

export interface Volume {
  name: string;
  [source: string]: unknown;
}

/** The namespace that the pod is created in, as the API server has it. */
export interface Namespace {
  name: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  /** The items of all its LimitRanges. */
  limits?: readonly LimitRangeItem[];
  /**
   * The other namespaces, of those that the pod asks about, that grant this one to look at their Services. It is
   * undefined where nothing is known of them.
   */
  grantedBy?: readonly string[];
}

/** One item of a core/v1 LimitRange. */
export interface LimitRangeItem {
  type: string;
  min?: Record<string, string>;
  max?: Record<string, string>;
  maxLimitRequestRatio?: Record<string, string>;
  default?: Record<string, string>;
  defaultRequest?: Record<string, string>;
}

/**
 * Returns the own value of `record` under `key`. Users choose the keys, so a key may be the name of a prototype's
 * member.
 */
export function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}
