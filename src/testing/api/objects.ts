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

export interface ApiObject {
  apiVersion?: string;
  kind?: string;
  metadata?: Metadata;
  [field: string]: unknown;
}

/** The objects of the API. A `path` is that of the collection, or of the object. */
export interface ApiObjects {
  create(path: string, object: ApiObject): ApiObject;
  replace(path: string, object: ApiObject): ApiObject;
  get(path: string): ApiObject | undefined;
  list(path: string): ApiObject[];
  delete(path: string): void;
}
