import { ROLES } from '../../inject/account.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { listed } from '../cluster/listing.ts';
import { at } from '../document/value.ts';
import { type CheckContext, type Finding, ok, warn } from './finding.ts';

/**
 * The largest size of a group that is no problem. Each member of a group follows all members, so one change costs the API server as much as the group has
 * members: 0.1 s of CPU time and 30 MB in a group of a thousand. docs/scale.md has what was measured.
 */
const MOST_MEMBERS = 1000;

/**
 * Checks that no group is larger than is comfortable for the API server. Sidecars are where the binding of their
 * account is; which services of those namespaces they follow is not asked, so the largest service counts.
 */
export async function groupSizes({ cluster }: CheckContext): Promise<Finding> {
  const sizes = await serviceSizes(cluster, await namespacesWithSidecars(cluster));
  const [largest] = sizes.toSorted((one, other) => other.endpoints - one.endpoints);
  if (largest === undefined) return ok('no namespace has sidecars yet');
  const what = `service ${largest.service} in ${largest.namespace} has ${largest.endpoints} endpoints`;
  if (largest.endpoints <= MOST_MEMBERS) return ok(`the largest group: ${what}`);
  return warn(
    'group-large',
    `${what}, over ${MOST_MEMBERS}: if each has a sidecar, a change costs the API server as many messages`,
    'docs/scale.md has what that costs, what makes it less, and what to use beyond it',
  );
}

async function namespacesWithSidecars(cluster: Cluster): Promise<string[]> {
  const named = { fieldSelector: `metadata.name=${ROLES.slices}` };
  const namespaces: string[] = [];
  for await (const binding of listed(cluster, { kind: 'RoleBinding' }, named))
    namespaces.push(String(at(binding, ['metadata', 'namespace'])));
  return namespaces;
}

interface Size {
  namespace: string;
  service: string;
  endpoints: number;
}

async function serviceSizes(cluster: Cluster, namespaces: readonly string[]): Promise<Size[]> {
  const sizes: Size[] = [];
  for (const namespace of namespaces) {
    const counts = new Map<string, number>();
    for await (const slice of listed(cluster, { kind: 'EndpointSlice', namespace })) {
      const service = at(slice, ['metadata', 'labels', 'kubernetes.io/service-name']);
      const endpoints = Array.isArray(slice.endpoints) ? slice.endpoints.length : 0;
      if (typeof service === 'string') counts.set(service, (counts.get(service) ?? 0) + endpoints);
    }
    for (const [service, endpoints] of counts) sizes.push({ namespace, service, endpoints });
  }
  return sizes;
}
