import { isOfArgo } from '../../argo-cd.ts';
import { GRANT_ROLE, ROLES } from '../../inject/roles.ts';
import { at, type Fields, isFields, listAt } from '../document/value.ts';
import { ENTRIES, entriesOf } from '../explain/entries.ts';
import { CONFIGURATION } from '../explain/webhook.ts';
import { RULES } from '../inject/access-objects.ts';
import { type CheckContext, type Finding, fail, ok, unread, warn } from './finding.ts';

/** The hint for an installation that lacks something. */
export const INSTALL = 'apply the installation (kubectl apply -k deploy, or helm upgrade)';

/** The policy that refuses pods which ask and were not injected. It is an option, and works without the webhook. */
const REQUIRES = 'rollcall-require-injection';

export async function configuration(place: CheckContext): Promise<Finding> {
  const { cluster, system } = place;
  const reply = await cluster.get(CONFIGURATION);
  if (reply.status === 404) return withoutConfiguration(place);
  if (reply.status !== 200) return unread('the MutatingWebhookConfiguration', reply);
  const present = entriesOf(reply.body).map(({ name }) => name);
  const missing = ENTRIES.map(({ name }) => name).filter((name) => !present.includes(name));
  if (missing.length > 0)
    return fail('installation-incomplete', `it has no entry ${missing.join(' and ')}`, INSTALL);
  const namespace = await cluster.get({ kind: 'Namespace', name: system });
  const uid = at(namespace.body, ['metadata', 'uid']);
  if (uid !== undefined && !isBound(reply.body, uid))
    return warn(
      'configuration-not-owned',
      `it would outlive the namespace ${system}, and pods that ask would be refused`,
      'delete the configuration before the namespace, or make the namespace its owner',
    );
  return ok(`entries ${present.join(' and ')}`);
}

/** Tells whether the configuration goes with the namespace of this uid, or with an application of Argo CD. */
function isBound({ metadata }: Fields, uid: unknown): boolean {
  if (!isFields(metadata)) return false;
  const owners = Array.isArray(metadata.ownerReferences) ? metadata.ownerReferences : [];
  const keysOf = (value: unknown) => (isFields(value) ? Object.keys(value) : []);
  const keys = [...keysOf(metadata.annotations), ...keysOf(metadata.labels)];
  return isOfArgo(keys) || owners.some((owner) => isFields(owner) && owner.uid === uid);
}

/** Tells an installation that lost its configuration from a cluster that has none, or that has the rest of one. */
async function withoutConfiguration({ cluster, system }: CheckContext): Promise<Finding> {
  const missing = `there is no ${CONFIGURATION.kind} "${CONFIGURATION.name}"`;
  const deployment = await cluster.get({ kind: 'Deployment', namespace: system, name: 'rollcall' });
  if (deployment.status !== 404) return fail('not-installed', missing, INSTALL);
  const gone = `Rollcall is not installed: ${missing}, and no Deployment rollcall in ${system}`;
  const left = await cluster.get({ kind: 'ValidatingAdmissionPolicyBinding', name: REQUIRES });
  if (left.status !== 200)
    return fail('nothing-installed', gone, 'rollcall check --pre says whether it can be installed here');
  return fail(
    'policy-left',
    `${gone}; the policy ${REQUIRES} is left, and refuses every pod that asks`,
    `install Rollcall, or kubectl delete validatingadmissionpolicybinding ${REQUIRES}`,
  );
}

export async function clusterRoles({ cluster }: CheckContext): Promise<Finding> {
  const lacking: string[] = [];
  const wanted = [
    ...Object.values(ROLES).map((role) => [role, RULES[role]] as const),
    [GRANT_ROLE, RULES[ROLES.slices]] as const,
  ];
  for (const [role, rules] of wanted) {
    const reply = await cluster.get({ kind: 'ClusterRole', name: role });
    if (reply.status === 404)
      return fail('installation-incomplete', `there is no ClusterRole ${role}`, INSTALL);
    if (reply.status !== 200) return unread('the ClusterRole', reply);
    const there = listAt(reply.body, ['rules']);
    for (const { resources, verbs } of rules) {
      const given = there.filter((rule) => listAt(rule, ['resources']).includes(resources[0]!));
      if (given.some((rule) => verbs.every((verb) => listAt(rule, ['verbs']).includes(verb)))) continue;
      lacking.push(`${role} may not ${verbs.length > 1 ? 'list and watch' : verbs[0]} ${resources[0]}`);
    }
  }
  if (lacking.length > 0) return fail('installation-incomplete', lacking.join(', '), INSTALL);
  return ok(
    `${ROLES.slices} and ${GRANT_ROLE} may list and watch endpointslices, ${ROLES.pods} pods, and ${ROLES.scale} may get scales`,
  );
}

export async function policies({ cluster }: CheckContext): Promise<Finding> {
  const reply = await cluster.get({ kind: 'ValidatingAdmissionPolicy', name: 'rollcall-misplaced' });
  if (reply.status === 200) return ok('mistakes on workloads and namespaces are warned of');
  if (reply.status !== 404) return unread('the ValidatingAdmissionPolicy', reply);
  return warn(
    'policies-missing',
    'kubectl apply does not warn of mistakes on workloads and namespaces',
    INSTALL,
  );
}
