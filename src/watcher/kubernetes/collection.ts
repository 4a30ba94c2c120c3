import type { Member } from '../protocol.ts';

/** A collection that is listed and watched, and the function that makes what is kept of an object. */
export interface Listed<Kept> {
  /** `/apis/discovery.k8s.io/v1/namespaces/default/endpointslices` */
  path: string;
  /** The kinds that the objects may have. Bytes that name another are not what was asked for. By default any will do. */
  kinds?: readonly string[] | undefined;
  /** The namespace that the objects are in, where it is one. An object of another is not what was asked for. */
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  /** The forms of objects and of lists that are asked for, where those are not whole objects in JSON. */
  accept?: { object: string; list: string } | undefined;
  /** Returns what tells the objects apart; it is their names where this is left out. */
  key?(object: KubernetesObject): string | undefined;
  /**
   * What the objects are ordered by before their names, where they are put together: what is once
   * written into an object and never changed. It has no space.
   */
  order?(object: KubernetesObject): string;
  /** Returns the members of one object; the rest of the object is not kept. */
  members(object: KubernetesObject): Kept[];
  /** Returns the same, given what was made of the object the last time: what has not changed is kept as it is. */
  again?(object: KubernetesObject, before: readonly Kept[]): Kept[];
  /** Why a list without any object is not to be trusted, when no object was ever seen. */
  emptyMeans?: string | undefined;
}

/** A collection of members. */
export interface Collection extends Listed<Member> {
  name: 'endpointslices' | 'pods';
}

export interface KubernetesObject {
  kind?: unknown;
  metadata?: {
    name?: string;
    namespace?: string;
    resourceVersion?: string;
    annotations?: Record<string, string>;
  };
  [field: string]: unknown;
}
