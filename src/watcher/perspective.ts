import type { IpFamily } from './family.ts';
import type { Group } from './protocol.ts';

/** This pod, as far as it is known. */
export interface Self {
  uid?: string;
  name?: string;
}

/**
 * The facts that members are described with, beside those of upstream; `Known` names the fields of the group that are
 * set.
 */
export interface Perspective<Known extends keyof Group = never> {
  group: Group & Required<Pick<Group, Known>>;
  /** `cluster.local`, or whatever the cluster calls itself. */
  clusterDomain: string;
  self?: Self | undefined;
  /** The keys of the labels that members have from their pods; by default none. */
  memberLabels?: readonly string[] | undefined;
  /** The cluster's own first family, which its pods have first; upstream does not say it of a service. */
  firstFamily?: IpFamily | undefined;
}

/**
 * Returns whether a member is this pod. The uid decides where both have one: a pod that came back under its old
 * name is another pod.
 */
export function isSelf(self: Self | undefined, uid: string | undefined, name: string | undefined): boolean {
  return self?.uid === undefined ? self?.name !== undefined && self.name === name : self.uid === uid;
}

/** Returns the DNS name of a service in the group's namespace, without a dot at its end. */
export function serviceName(service: string, { group, clusterDomain }: Perspective): string {
  return `${service}.${group.namespace}.svc.${clusterDomain.replace(/\.+$/, '')}`;
}
