/**
 * This file decides what is to be done with a pod. It is the table of contents of its folder: who asks, what is
 * asked, what is in the way, what changes, and what is said about it. `uninject.ts` undoes it.
 *
 * Who asks, and what becomes of a pod that can't be injected:
 *
 * | rollcall.dev/inject of the pod | label of the namespace | who asks      | a pod with a fault is   |
 * | ------------------------------ | ---------------------- | ------------- | ----------------------- |
 * | "true"                         | any                    | the pod       | denied                  |
 * | "false"                        | any                    | nobody        | left alone: opted-out   |
 * | anything else                  | any                    | the pod       | denied: it has a fault  |
 * | not there                      | enabled                | the namespace | skipped, and told of    |
 * | not there                      | not there, or other    | nobody        | left alone: not-opted-in |
 *
 * A pod that asks itself is denied, so that its author hears of it at once. A pod that only its namespace opted in
 * is never broken. Static pods and pods of excluded namespaces are never denied, also when they ask themselves.
 */
import { keys } from './annotations.ts';
import { type Reason, type Reasons, reason, type Warning } from './codes.ts';
import type { Decision } from './decision.ts';
import { faultsOf } from './faults.ts';
import type { Operation } from './operations.ts';
import { optionsOf } from './options.ts';
import { patch } from './patch.ts';
import { type Install, type Plan, plan } from './plan.ts';
import { type Namespace, own, type Pod } from './pod.ts';
import { Settings } from './settings.ts';
import { isNeverRefused, unsupported } from './unsupported.ts';
import { verify } from './verify.ts';
import { warningsOf } from './warnings.ts';

export interface Context {
  namespace: Namespace;
  install: Install;
  /** Whether it is a dry run: the pod is not going to be created, so nothing may be created for it. */
  dryRun: boolean;
  /** Whether the API server asks: another webhook may then have changed the sidecar after it was added. */
  admission?: boolean;
}

/** The decision about one pod, with its patch and its warnings. */
export interface Report {
  decision: Decision;
  /** Present when the pod is to be injected. */
  plan?: Plan;
  /** Empty when the pod is to stay, or is already, as it is. */
  patch: Operation[];
  /** The warnings for whoever creates the pod. */
  warnings: Warning[];
}

/** Decides, and makes the patch. Throws only where the patch would not do what was planned. */
export function inject(pod: Pod, context: Context): Report {
  const decision = decide(pod, context);
  const warnings = warningsOf(pod, context.namespace, decision);
  if (decision.kind !== 'inject') return { decision, patch: [], warnings };
  const { plan } = decision;
  const operations = patch(pod, plan);
  verify(pod, plan, operations);
  return { decision, plan, patch: operations, warnings };
}

/** Decides whether the pod gets the sidecar, and which. All that is in the way is told together. */
export function decide(pod: Pod, { namespace, install, dryRun, admission = false }: Context): Decision {
  const settings = new Settings({
    pod: pod.metadata?.annotations,
    namespace: namespace.annotations,
    installation: install.defaults,
  });
  const who = whoAsks(settings, namespace);
  if (typeof who !== 'string') return { kind: 'skip', reasons: [who] };
  const asks = who === 'pod';
  const leftAlone = (reasons: Reasons): Decision => {
    const denied = asks && !isNeverRefused(pod, namespace, install);
    return { kind: denied ? 'deny' : 'skip', reasons };
  };

  const final = unsupported(pod, { namespace, install, asks });
  if (final !== undefined) return leftAlone(told([...settings.faults, ...final])!);
  const options = optionsOf(pod, settings);
  const planned = plan(pod, options, { namespace, install, dryRun, admission, asks });
  const reasons = told(faultsOf({ pod, namespace, install, settings, options, plan: planned, asks }));
  if (reasons !== undefined) return leftAlone(reasons);
  return { kind: 'inject', options, plan: planned, origins: settings.origins };
}

/** The most reasons that are told of one pod. Nobody reads more at once; the others are told when these are mended. */
const TOLD = 10;

/** Takes as many faults as are told, each once; undefined when there are none. */
function told(faults: readonly Reason[]): Reasons | undefined {
  const bySentence = new Map(faults.map((fault) => [fault.sentence, fault]));
  const [first, ...more] = bySentence.values();
  return first && [first, ...more.slice(0, TOLD - 1)];
}

const OPTED_OUT = reason('opted-out', `${keys.inject.key} is "false" on the pod`);
const NOT_OPTED_IN = reason(
  'not-opted-in',
  `neither ${keys.inject.key} on the pod nor ${keys.injection.key} on the namespace`,
);

/** Returns who asks, or why nobody does: see the table above. */
function whoAsks(settings: Settings, { labels }: Namespace): 'pod' | 'namespace' | Reason {
  const value = settings.get(keys.inject);
  if (value === false) return OPTED_OUT;
  // A value that is neither "true" nor "false" is noted among the faults.
  if (value === true || settings.isBad(keys.inject.key)) return 'pod';
  return keys.injection.parse(own(labels, keys.injection.key) ?? '') ? 'namespace' : NOT_OPTED_IN;
}
