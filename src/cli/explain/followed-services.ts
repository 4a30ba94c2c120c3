/** The rules of `rollcall explain` about the Services that a pod follows. */
import type { Decision } from '../../inject/decision.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ExplainedRule } from './explanation.ts';
import { endpointsOf } from './webhook.ts';

interface FollowedService {
  namespace: string;
  name: string;
}

/** Returns a rule for each Service that the pods follow: whether the cluster has it, and how many endpoints it has. */
export async function serviceRules(
  cluster: Cluster,
  decision: Decision,
  namespace: string,
): Promise<ExplainedRule[]> {
  return Promise.all(servicesOf(decision, namespace).map((service) => serviceRule(cluster, service)));
}

function servicesOf(decision: Decision, namespace: string): FollowedService[] {
  if (decision.kind !== 'inject') return [];
  const { group, groups } = decision.options;
  const named = groups.filter(({ source }) => source !== 'pods');
  return [
    ...(group !== undefined && 'service' in group ? [{ namespace, name: group.service }] : []),
    ...named.map((one) => ({ namespace: one.namespace ?? namespace, name: one.of })),
  ];
}

async function serviceRule(cluster: Cluster, { namespace, name }: FollowedService): Promise<ExplainedRule> {
  const rule = 'group';
  const found = await endpointsOf(cluster, namespace, name);
  if (typeof found === 'string') return { rule, answer: 'unknown', why: `service ${name}: ${found}` };
  const { slices, endpoints, ready } = found;
  if (slices === 0) {
    const why =
      `service ${name} has no EndpointSlices in ${namespace}: create it, or correct its name; ` +
      'until then its group is empty and stale';
    return { rule, answer: 'no', why };
  }
  const count =
    endpoints === 0
      ? 'no endpoints yet; its selector has to match the labels of the pods'
      : `${endpoints} endpoints, ${ready} ready`;
  return { rule, answer: 'yes', why: `service ${name} in ${namespace} has ${count}` };
}
