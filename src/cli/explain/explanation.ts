import { keys } from '../../inject/annotations.ts';
import type { Reason } from '../../inject/codes.ts';
import type { Decision } from '../../inject/decision.ts';
import { gatesOf } from '../../inject/gate.ts';
import type { Options } from '../../inject/options.ts';
import type { Install } from '../../inject/plan.ts';
import { type Namespace, own, type Pod } from '../../inject/pod.ts';
import { countedOtherwise, countsAs } from '../../inject/resources.ts';
import type { Judgement } from '../inject/judge.ts';
import { judge } from '../inject/judge.ts';
import { podOf, type Workload } from '../workloads.ts';
import { calls, type EntryAnswer, type ExplainedEntry } from './entries.ts';

/** A rule, whether it holds, and why. */
export interface ExplainedRule {
  rule: string;
  answer: EntryAnswer;
  why: string;
}

/** The explanation for the pods of one object. The names of its fields are stable. */
export interface Explanation {
  kind: string;
  name: string;
  namespace: string;
  /** The path of the pod template, when the object has several. */
  template?: string;
  /** This says what the webhook does with a pod that is created now; `missed` means that it is not asked. */
  result: 'inject' | 'skip' | 'deny' | 'missed';
  /** The first reason why the pod is left alone. */
  code?: string;
  sentence?: string;
  /** The reasons for the result. */
  reasons?: readonly Reason[];
  /** Whether the pod has the sidecar. Only a pod in a cluster has this field. */
  injected?: boolean;
  rules: ExplainedRule[];
  settings: { key: string; value: string; from: string }[];
  account?: { choice: string; name: string };
  warnings: string[];
  /** The advice: what to do about it. */
  advice: string[];
}

/** The place that the facts about the namespace come from. */
export type NamespaceSource = 'input' | 'cluster' | 'nowhere';

export function explain(
  workload: Workload,
  namespace: Namespace,
  source: NamespaceSource,
  entries: readonly ExplainedEntry[],
  install: Install,
): Explanation {
  const { kind, name } = workload;
  const pod = podOf(workload);
  const judgement = judge(workload, namespace, install);
  const called = entries.map((entry) => entryRule(entry, pod, namespace));
  const { decision } = judgement.report;
  const missed = decision.kind !== 'skip' && called.every(({ answer }) => answer === 'no');
  return {
    kind: kind.toLowerCase(),
    name,
    namespace: namespace.name,
    ...(workload.part === undefined ? {} : { template: workload.part }),
    result: missed ? 'missed' : decision.kind,
    ...(decision.kind === 'inject' ? {} : { ...decision.reasons[0], reasons: decision.reasons }),
    rules: [annotationRule(pod), labelRule(namespace, source), ...called, ...decisionRules(judgement)],
    settings: decision.kind === 'inject' ? settingsOf(decision) : [],
    ...accountOf(judgement),
    warnings: judgement.warnings,
    advice: [],
  };
}

/** Returns every setting with its value and who gave it. A quantity that counts otherwise has a note. */
function settingsOf({ origins, options, plan }: Decision & { kind: 'inject' }): Explanation['settings'] {
  const otherwise = countedOtherwise(options, plan);
  return origins.map(({ key, value, from }) => {
    const counted = otherwise.find((one) => one.key === key);
    return { key, value: counted === undefined ? value : `${value}, which ${countsAs(counted)}`, from };
  });
}

function annotationRule({ metadata }: Pod): ExplainedRule {
  const value = own(metadata?.annotations, keys.inject.key);
  const why =
    value === undefined
      ? `the pod has no annotation ${keys.inject.key}`
      : `the pod says ${keys.inject.key}: "${value}"`;
  return { rule: 'pod-asks', answer: value === 'true' ? 'yes' : 'no', why };
}

function labelRule({ name, labels }: Namespace, source: NamespaceSource): ExplainedRule {
  const { key } = keys.injection;
  const value = own(labels, key);
  const rule = 'namespace-asks';
  if (value !== undefined) {
    return {
      rule,
      answer: value === 'enabled' ? 'yes' : 'no',
      why: `namespace ${name} has the label ${key}=${value}`,
    };
  }
  if (source !== 'nowhere') return { rule, answer: 'no', why: `namespace ${name} has no label ${key}` };
  return {
    rule,
    answer: 'unknown',
    why: `nothing is known of namespace ${name}; taken to have no label ${key}`,
  };
}

function entryRule(entry: ExplainedEntry, { metadata }: Pod, namespace: Namespace): ExplainedRule {
  const pod = { labels: metadata?.labels ?? {}, annotations: metadata?.annotations ?? {} };
  return { rule: `webhook ${entry.name}`, ...calls(entry, pod, namespace.labels) };
}

/** Returns the decision of the core; of a pod that is left alone, one for each reason. */
function decisionRules({ report }: Judgement): ExplainedRule[] {
  const { decision } = report;
  const rule = 'decision';
  if (decision.kind !== 'inject') {
    return decision.reasons.map(({ code, sentence }) => ({
      rule,
      answer: 'no',
      why: `${decision.kind} (${code}): ${sentence}`,
    }));
  }
  const already = report.patch.length === 0 ? 'has the sidecar already, as it should be' : 'gets the sidecar';
  return [
    { rule, answer: 'yes', why: `the pod ${already}, for ${followed(decision.options)}` },
    ...gateRules(decision.options),
  ];
}

function followed({ group, groups }: Options): string {
  const others = groups.map((one) => `${one.name}: ${one.followed}`);
  if (group === undefined) return others.join(', ');
  const first = 'service' in group ? `service ${group.service}` : `selector ${group.selector}`;
  return [`${first} by ${group.source}`, ...others].join(', ');
}

/** Returns what the start of the application waits for, one rule for each group that is waited for. */
function gateRules(options: Options): ExplainedRule[] {
  const { waitTimeout, waitAction } = options;
  const then = waitAction === 'fail' ? 'the sidecar fails and waits anew' : 'it starts all the same';
  return gatesOf(options).map(({ name, condition }) => ({
    rule: 'gate',
    answer: 'yes',
    why:
      `the application waits for "${condition}"${name === undefined ? '' : ` of ${name}`}; ` +
      `after ${waitTimeout} s ${then}`,
  }));
}

function accountOf({ report: { plan } }: Judgement): Pick<Explanation, 'account'> {
  return plan === undefined ? {} : { account: { choice: plan.account, name: plan.accountName } };
}
