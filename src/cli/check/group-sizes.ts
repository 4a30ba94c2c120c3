import { ROLES } from '../../inject/account.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Reference } from '../cluster/kinds.ts';
import { refusal } from '../cluster/request.ts';
import { at, type Fields } from '../document/value.ts';
import type { Finding, Place } from './finding.ts';

/**
 * Each member of a group follows all members, so one change costs the API server as much as the group has
 * members: 0.1 s of CPU time and 30 MB in a group of a thousand. docs/scale.md has what was measured.
 */
const MOST_MEMBERS = 1000;
/** The number of objects in a page of a list; client-go asks for as many. */
const PAGE = 500;

class Unread extends Error {}

/**
 * Whether a group is larger than is comfortable for the API server. Sidecars are where the binding of their
 * account is; which services of those namespaces they follow is not asked, so the largest service counts.
 */
export async function groupSizes({ cluster }: Place): Promise<Finding> {
  try {
    const sizes = await serviceSizes(cluster, await namespacesWithSidecars(cluster));
    const [largest] = sizes.toSorted((one, other) => other.endpoints - one.endpoints);
    if (largest === undefined) return { status: 'ok', message: 'no namespace has sidecars yet' };
    const what = `service ${largest.service} in ${largest.namespace} has ${largest.endpoints} endpoints`;
    if (largest.endpoints <= MOST_MEMBERS) return { status: 'ok', message: `the largest group: ${what}` };
    return {
      status: 'warn',
      message: `${what}, over ${MOST_MEMBERS}: if each has a sidecar, a change costs the API server as many messages`,
      hint: 'docs/scale.md has what that costs, what makes it less, and what to use beyond it',
    };
  } catch (error) {
    if (!(error instanceof Unread)) throw error;
    return { status: 'warn', message: error.message, hint: 'check as somebody who may' };
  }
}

async function namespacesWithSidecars(cluster: Cluster): Promise<string[]> {
  const named = { fieldSelector: `metadata.name=${ROLES.slices}` };
  const bindings = await listed(cluster, { kind: 'RoleBinding' }, named);
  return bindings.map((binding) => String(at(binding, ['metadata', 'namespace'])));
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
    for (const slice of await listed(cluster, { kind: 'EndpointSlice', namespace })) {
      const service = at(slice, ['metadata', 'labels', 'kubernetes.io/service-name']);
      const endpoints = Array.isArray(slice.endpoints) ? slice.endpoints.length : 0;
      if (typeof service === 'string') counts.set(service, (counts.get(service) ?? 0) + endpoints);
    }
    for (const [service, endpoints] of counts) sizes.push({ namespace, service, endpoints });
  }
  return sizes;
}

/** All pages of a list. Throws `Unread` where it can't be read. */
async function listed(
  cluster: Cluster,
  all: Reference,
  selector: Readonly<Record<string, string>> = {},
): Promise<Fields[]> {
  const items: Fields[] = [];
  let next: Record<string, string> = {};
  for (;;) {
    const reply = await cluster.get(all, { ...selector, limit: String(PAGE), ...next });
    if (reply.status !== 200) throw new Unread(`the sizes of groups can't be read (${refusal(reply)})`);
    items.push(...((reply.body.items ?? []) as Fields[]));
    const token = at(reply.body, ['metadata', 'continue']);
    if (typeof token !== 'string' || token === '') return items;
    next = { continue: token };
  }
}
