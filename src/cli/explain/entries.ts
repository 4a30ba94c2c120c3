import { keys } from '../../inject/annotations.ts';
import { EXCLUDED_NAMESPACES } from '../../inject/names.ts';
import { type Fields, isFields, type Value } from '../document/value.ts';
import { mismatch } from './selector.ts';

type StringTexts = Readonly<Record<string, string>>;

/** An entry of the webhook configuration. It decides whether the API server asks the webhook about a pod. */
export interface ExplainedEntry {
  name: string;
  namespaceSelector?: Value;
  objectSelector?: Value;
  matchConditions?: { name: string; expression: string }[];
  failurePolicy?: string;
}

export const SYSTEM_NAMESPACE = 'rollcall-system';
const KEY = keys.inject.key;
const notSystem = {
  matchExpressions: [
    {
      key: 'kubernetes.io/metadata.name',
      operator: 'NotIn',
      values: [SYSTEM_NAMESPACE, ...EXCLUDED_NAMESPACES],
    },
    // AKS adds these to every configuration.
    { key: 'control-plane', operator: 'NotIn', values: ['true'] },
    { key: 'kubernetes.azure.com/managedby', operator: 'NotIn', values: ['aks'] },
  ],
};

/** The matchConditions that deploy/ installs, each with a function that evaluates it. */
const CONDITIONS: readonly { name: string; expression: string; holds(annotations: StringTexts): boolean }[] =
  [
    {
      name: 'asks',
      expression:
        `has(object.metadata.annotations) && '${KEY}' in object.metadata.annotations ` +
        `&& object.metadata.annotations['${KEY}'] != 'false'`,
      holds: (annotations) => annotations[KEY] !== undefined && annotations[KEY] !== 'false',
    },
    {
      name: 'says-nothing',
      expression: `!has(object.metadata.annotations) || !('${KEY}' in object.metadata.annotations)`,
      holds: (annotations) => annotations[KEY] === undefined,
    },
  ];

const [asks, saysNothing] = CONDITIONS.map(({ name, expression }) => ({ name, expression }));

export const ENTRIES: readonly ExplainedEntry[] = [
  {
    name: 'pods.rollcall.dev',
    namespaceSelector: notSystem,
    matchConditions: [asks!],
    failurePolicy: 'Fail',
  },
  {
    name: 'namespaces.rollcall.dev',
    namespaceSelector: { matchLabels: { [keys.injection.key]: 'enabled' }, ...notSystem },
    matchConditions: [saysNothing!],
    failurePolicy: 'Ignore',
  },
];

export type EntryAnswer = 'yes' | 'no' | 'unknown';

/** Tells whether the API server would ask this entry about the pod, and why. */
export function calls(
  entry: ExplainedEntry,
  pod: { labels: StringTexts; annotations: StringTexts },
  namespaceLabels: StringTexts,
): { answer: EntryAnswer; why: string } {
  const inNamespace = mismatch(entry.namespaceSelector, namespaceLabels);
  if (inNamespace !== undefined)
    return { answer: 'no', why: `its namespaceSelector does not match: ${inNamespace}` };
  const onPod = mismatch(entry.objectSelector, pod.labels);
  if (onPod !== undefined) return { answer: 'no', why: `its objectSelector does not match: ${onPod}` };
  const unknown: string[] = [];
  for (const { name, expression } of entry.matchConditions ?? []) {
    const known = CONDITIONS.find((one) => spaceless(one.expression) === spaceless(expression));
    if (known === undefined) unknown.push(name);
    else if (!known.holds(pod.annotations))
      return { answer: 'no', why: `its matchCondition "${name}" does not hold` };
  }
  if (unknown.length > 0) {
    return {
      answer: 'unknown',
      why: `its matchCondition "${unknown.join('", "')}" is not one of Rollcall's, and is not evaluated`,
    };
  }
  const ignored = entry.failurePolicy === 'Ignore';
  return {
    answer: 'yes',
    why: `called; when it can't be reached, the pod is ${ignored ? 'created without the sidecar' : 'refused'}`,
  };
}

function spaceless(expression: string): string {
  return expression.replace(/\s+/g, '');
}

/** Returns the entries of a MutatingWebhookConfiguration. */
export function entriesOf(configuration: Fields): (ExplainedEntry & Fields)[] {
  const { webhooks } = configuration;
  return (Array.isArray(webhooks) ? webhooks.filter(isFields) : []) as (ExplainedEntry & Fields)[];
}
