/** The rules of platforms that can't be run here, as policies that a real API server applies. */

/** The label of the namespaces in which a rule holds. */
export const RULE_LABEL = 'rule';

interface Rule {
  name: string;
  /** CEL over a pod; what it is false for is refused. */
  expression: string;
}

const EVERY = '(object.spec.?initContainers.orValue([]) + object.spec.containers)';

export const RULES = {
  /** The range that `openshift.io/sa.scc.uid-range` of a namespace gives; without a uid, one of it is filled in. */
  openshift: {
    name: 'openshift',
    expression:
      `${EVERY}.all(one, one.?securityContext.?runAsUser.orValue(1000650000) in [1000650000]) && ` +
      'object.spec.?securityContext.?runAsUser.orValue(1000650000) in [1000650000]',
  },
  /** All pods are Guaranteed, and none is on the network of a node. */
  fargate: {
    name: 'fargate',
    expression:
      `${EVERY}.all(one, ['cpu', 'memory'].all(what, one.?resources.?requests[?what].orValue('none') == ` +
      "one.?resources.?limits[?what].orValue('unlimited'))) && !object.spec.?hostNetwork.orValue(false)",
  },
} as const satisfies Record<string, Rule>;

const ADMISSION = '/apis/admissionregistration.k8s.io/v1';

/** The collection that one of them is posted to. */
export const collectionOf = ({ kind }: { kind: string }): string =>
  `${ADMISSION}/${kind === 'ValidatingAdmissionPolicy' ? 'validatingadmissionpolicies' : 'validatingadmissionpolicybindings'}`;

/** The policy and its binding; it holds in namespaces with the label `rule` of its name. */
export function policyOf({ name, expression }: Rule): { kind: string; [field: string]: unknown }[] {
  const policies = { apiVersion: 'admissionregistration.k8s.io/v1' };
  return [
    {
      ...policies,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name },
      spec: {
        matchConstraints: {
          namespaceSelector: { matchLabels: { [RULE_LABEL]: name } },
          resourceRules: [
            { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] },
          ],
        },
        validations: [{ expression, message: `refused as on ${name}` }],
      },
    },
    {
      ...policies,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name },
      spec: { policyName: name, validationActions: ['Deny'] },
    },
  ];
}
