/** The check that looks for the roles of the webhook and their bindings. */
import type { Reference } from '../cluster/kinds.ts';
import { at, type Fields, listAt } from '../document/value.ts';
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
  const account = accountOf(deployment.body);
  const wanted: Reference[] = [
    ...inCluster('rollcall-webhook'),
    ...(certificates === 'self-managed' ? ofCertificates(system) : []),
  ];
  const missing: string[] = [];
  for (const reference of wanted) {
    const reply = await cluster.get(reference);
    if (reply.status === 404) missing.push(`${reference.kind} ${reference.name}`);
    else if (reply.status !== 200) return unread(`the ${reference.kind} ${reference.name}`, reply);
    else if (reference.kind.endsWith('Binding') && !isTo(reply.body, account, system))
      return fail(
        'installation-incomplete',
        `the ${reference.kind} ${reference.name} is not to the account ${account} of ${system}`,
        `a second installation may have taken it; ${INSTALL}`,
      );
  }
  if (missing.length > 0)
    return fail('installation-incomplete', `the webhook lacks rights: no ${missing.join(', no ')}`, INSTALL);
  return ok('the roles of the webhook and their bindings are there');
}

/** Returns the account of the webhook's pods; that of every way of installing where it can't be read. */
function accountOf(deployment: Fields): string {
  const given = at(deployment, ['spec', 'template', 'spec', 'serviceAccountName']);
  return typeof given === 'string' ? given : 'rollcall';
}

function isTo(binding: Fields, account: string, namespace: string): boolean {
  return listAt(binding, ['subjects']).some(
    (one) =>
      at(one, ['kind']) === 'ServiceAccount' &&
      at(one, ['name']) === account &&
      at(one, ['namespace']) === namespace,
  );
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
