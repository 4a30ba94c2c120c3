import { keys } from '../../inject/annotations.ts';
import { EXCLUDED_NAMESPACES } from '../../inject/names.ts';
import { SCOPED_ACCOUNT } from '../../inject/roles.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { KindName } from '../cluster/kinds.ts';
import { listed } from '../cluster/listing.ts';
import { at, type Fields } from '../document/value.ts';
import { named } from '../named.ts';
import { type CheckContext, type Finding, fail, ok } from './finding.ts';

/** Checks that each labelled namespace has the account and the binding of its sidecars before any pod asks. */
export async function access({ cluster, system, namespaces }: CheckContext): Promise<Finding> {
  const labelled = labelledOf(await namespaces()).filter(
    (name) => name !== system && !EXCLUDED_NAMESPACES.includes(name),
  );
  if (labelled.length === 0) return ok(`no namespace has the label ${keys.injection.key}=enabled`);
  const [accounts, bindings] = [
    await owners(cluster, 'ServiceAccount'),
    await owners(cluster, 'RoleBinding'),
  ];
  const lacking = labelled.filter((name) => !accounts.has(name) || !bindings.has(name));
  if (lacking.length === 0) return ok(`labelled namespaces with account and binding: ${labelled.length}`);
  return fail(
    'access-missing',
    `no account or no binding ${SCOPED_ACCOUNT} in ${named(lacking)}`,
    `the webhook makes them within seconds; kubectl -n ${system} logs deployment/rollcall says why not`,
  );
}

function labelledOf(namespaces: readonly Fields[]): string[] {
  return namespaces
    .filter((one) => at(one, ['metadata', 'labels', keys.injection.key]) === 'enabled')
    .filter((one) => at(one, ['metadata', 'deletionTimestamp']) === undefined)
    .map((one) => String(at(one, ['metadata', 'name'])));
}

/** Returns the namespaces that have an object of this kind under the name of the account. */
async function owners(cluster: Cluster, kind: KindName): Promise<Set<string>> {
  const namespaces = new Set<string>();
  const fieldSelector = `metadata.name=${SCOPED_ACCOUNT}`;
  for await (const object of listed(cluster, { kind }, { fieldSelector }))
    namespaces.add(String(at(object, ['metadata', 'namespace'])));
  return namespaces;
}
