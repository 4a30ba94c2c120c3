/** The parts of a core/v1 Pod that injection reads or writes. Everything else passes untouched. */
export interface Pod {
  metadata?: {
    name?: string;
    generateName?: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec: PodSpec;
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
  os?: { name: string };
}

export interface Container {
  name: string;
  image?: string;
  restartPolicy?: string;
  volumeMounts?: VolumeMount[];
  [field: string]: unknown;
}

export interface VolumeMount {
  name: string;
  mountPath: string;
  readOnly?: boolean;
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
}

/** Of `record`, the value that it has itself under `key`: keys come from users, prototypes don't. */
export function own(record: Readonly<Record<string, string>> | undefined, key: string): string | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}
