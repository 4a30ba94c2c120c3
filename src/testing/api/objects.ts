/** The objects of the API double, and how a test reads and writes them. */

export interface Metadata {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  creationTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  [field: string]: unknown;
}

export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata?: Metadata;
  [field: string]: unknown;
}

/** The objects of the API. A `path` is that of the collection, or of the object. */
export interface ApiObjects {
  create(path: string, object: KubernetesObject): KubernetesObject;
  replace(path: string, object: KubernetesObject): KubernetesObject;
  get(path: string): KubernetesObject | undefined;
  list(path: string): KubernetesObject[];
  delete(path: string): void;
}
