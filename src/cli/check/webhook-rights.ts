/** The check that looks for the roles of the webhook and their bindings. */
import type { Reference } from '../cluster/kinds.ts';
import { type CheckContext, type Finding, fail, ok, unread } from './finding.ts';
import { INSTALL } from './installation.ts';
import { webhookConfigOrDefaults } from './installed.ts';

/**
 * Checks that the rights of the webhook are there. Without them it injects as before for a while. Then it can't read
 * the cluster, make the accounts of new namespaces or renew its certificate.
 */
export async function webhookRights({ cluster, system }: CheckContext): Promise<Finding> {
  const deployment = await cluster.get({ kind: 'Deployment', namespace: system, name: 'rollcall' });
  const { certificates } = webhookConfigOrDefaults(deployment);
  const wanted: Reference[] = [
    ...inCluster('rollcall-webhook'),
    ...(certificates === 'self-managed' ? ofCertificates(system) : []),
  ];
  const missing: string[] = [];
  for (const reference of wanted) {
    const reply = await cluster.get(reference);
    if (reply.status === 404) missing.push(`${reference.kind} ${reference.name}`);
    else if (reply.status !== 200) return unread(`the ${reference.kind} ${reference.name}`, reply);
  }
  if (missing.length > 0)
    return fail('installation-incomplete', `the webhook lacks rights: no ${missing.join(', no ')}`, INSTALL);
  return ok('the roles of the webhook and their bindings are there');
}

function inCluster(name: string): Reference[] {
  return [
    { kind: 'ClusterRole', name },
    { kind: 'ClusterRoleBinding', name },
  ];
}

/** The rights to the Secret and to the webhook configuration. Only a webhook that manages its certificates has them. */
function ofCertificates(namespace: string): Reference[] {
  return [
    ...inCluster('rollcall-webhook-certificates'),
    { kind: 'Role', namespace, name: 'rollcall-webhook' },
    { kind: 'RoleBinding', namespace, name: 'rollcall-webhook' },
  ];
}
