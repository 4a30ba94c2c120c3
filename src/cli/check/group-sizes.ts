import { ROLES } from '../../inject/roles.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { listed } from '../cluster/listing.ts';
import { at } from '../document/value.ts';
import { type CheckContext, type Finding, ok, warn } from './finding.ts';

/**
 * The largest size of a group that is no problem. Each member of a group follows all members, so the cost of one change
 * grows with the group: in a group of a thousand it is 0.1 s of CPU time of the API server and 30 MB. docs/scale.md has
 * the measurements.
 */
const MOST_MEMBERS = 1000;

/**
 * Checks that no group is too large for the API server. It looks in the namespaces that have the binding of sidecars.
 * It does not ask which Services the sidecars follow, so the largest Service counts.
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
