/** The checks that look for a second installation: a cluster has one webhook configuration and one set of roles. */
import { isDnsLabel } from '../../values.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { listed } from '../cluster/listing.ts';
import { at } from '../document/value.ts';
import { entriesOf } from '../explain/entries.ts';
import { CONFIGURATION } from '../explain/webhook.ts';
import { named } from '../named.ts';
import { type CheckContext, type Finding, fail, ok, warn } from './finding.ts';

/** Checks that the webhook configuration calls the webhook that is checked, and that there is no other. */
export async function otherInstallations({ cluster, system }: CheckContext): Promise<Finding> {
  const called = (await calledNamespaces(cluster)).filter((namespace) => namespace !== system);
  if (called.length > 0)
    return fail(
      'installed-twice',
      `the webhook configuration calls a Service in ${named(called)}, and not only that in ${system}`,
      'apply the installation that is to stay once more, and remove the other',
    );
  const others = (await deployedNamespaces(cluster)).filter((namespace) => namespace !== system);
  if (others.length > 0)
    return warn(
      'installed-twice',
      `there is a Deployment rollcall in ${named(others)} too, which no webhook configuration calls`,
      'remove the Deployment there; what is not in a namespace belongs to the installation that was applied last',
    );
  return ok(`the only installation is that in ${system}`);
}

/** Checks that nothing of Rollcall is there that an installation in another namespace would take over. */
export async function noInstallation({ cluster }: CheckContext): Promise<Finding> {
  const namespaces = [...(await calledNamespaces(cluster)), ...(await deployedNamespaces(cluster))];
  const all = [...new Set(namespaces)];
  if (all.length === 0) return ok('Rollcall is not installed yet');
  return warn(
    'installed-already',
    `Rollcall is installed in ${named(all)}`,
    'upgrade it there, or remove it first: an installation in another namespace would take over its webhook configuration',
  );
}

/** Returns the namespaces whose Services the webhook configuration calls; none where it is not there or can't be read. */
async function calledNamespaces(cluster: Cluster): Promise<string[]> {
  const { status, body } = await cluster.get(CONFIGURATION);
  if (status !== 200) return [];
  const all = entriesOf(body).map((entry) => at(entry, ['clientConfig', 'service', 'namespace']));
  return namesIn(all);
}

/** Returns the namespaces with a Deployment of the name that each way of installing gives it. */
async function deployedNamespaces(cluster: Cluster): Promise<string[]> {
  const namespaces: unknown[] = [];
  for await (const one of listed(
    cluster,
    { kind: 'Deployment' },
    { fieldSelector: 'metadata.name=rollcall' },
  ))
    namespaces.push(at(one, ['metadata', 'namespace']));
  return namesIn(namespaces);
}

function namesIn(all: readonly unknown[]): string[] {
  return [...new Set(all.filter((one): one is string => typeof one === 'string' && isDnsLabel(one)))];
}
