import { keys } from '../../inject/annotations.ts';
import { isSurprising, type Reason, reason } from '../../inject/codes.ts';
import { inject, type Report } from '../../inject/inject.ts';
import type { Install } from '../../inject/plan.ts';
import type { Namespace, Pod } from '../../inject/pod.ts';
import { installationOf } from '../../installation.ts';
import { at } from '../document/value.ts';
import { ownedPodOf } from '../template-owner.ts';
import type { Workload } from '../workloads.ts';
import { advice, unquoted } from './advice.ts';
import { misshapen } from './misshapen.ts';

export interface Judgement {
  report: Report;
  /** The sentences for the author of the workload. */
  warnings: string[];
}

/** Judges the pods of a workload by the core, and adds what only the workload around them shows. */
export function judge(workload: Workload, namespace: Namespace, install: Install, dryRun = false): Judgement {
  const quotes = unquoted(workload).map(badValue);
  const shapes = misshapen(workload).map(badValue);
  const [first, ...more] = [...quotes, ...shapes];
  if (first === undefined) {
    const report = inject(ownedPodOf(workload), { namespace, install, dryRun });
    const sentences = report.warnings.map(({ sentence }) => sentence);
    return { report, warnings: [...sentences, ...advice(workload, report)] };
  }
  const kind = quotes.length > 0 || asks(workload) ? 'deny' : 'skip';
  // A pod whose parts have other types than its own can't be judged any further.
  const others = shapes.length > 0 ? [] : faultsOf(quoted(ownedPodOf(workload)), namespace, install);
  return {
    report: { decision: { kind, reasons: [first, ...more, ...others] }, patch: [], warnings: [] },
    warnings: [],
  };
}

function badValue(sentence: string): Reason {
  return reason('bad-value', sentence);
}

/** Returns the pod as if its annotations were texts, so that it can be told what else is wrong. */
function quoted(pod: Pod): Pod {
  const { annotations = {} } = pod.metadata ?? {};
  const texts = Object.entries<unknown>(annotations).filter(([, value]) => typeof value !== 'object');
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      annotations: Object.fromEntries(texts.map(([key, value]) => [key, String(value)])),
    },
  };
}

function faultsOf(pod: Pod, namespace: Namespace, install: Install): readonly Reason[] {
  const { decision } = inject(pod, { namespace, install, dryRun: false });
  if (decision.kind === 'inject' || !isSurprising(decision.reasons[0].code)) return [];
  return decision.reasons;
}

interface InstallFlags {
  image?: string | undefined;
  'shell-image'?: string | undefined;
  default: readonly string[];
}

/** Returns the installation that the flags describe. It assumes a cluster that has native sidecars. */
export function installOf({ image, 'shell-image': shellImage, default: defaults }: InstallFlags): Install {
  return { ...installationOf({ image, shellImage, defaults }), nativeSidecars: true, podResources: true };
}

/**
 * Returns the same where no cluster is asked. Those who apply the output also apply its Role, so they have
 * the right to give it. They, and not the annotation of the namespace, allow the sidecar to read pods.
 */
export function offlineInstallOf(flags: InstallFlags): Install {
  return installOf({ ...flags, default: [`${keys.podAccess.key}=true`, ...flags.default] });
}

/** Tells whether the pods ask themselves. Such pods must not be left without the sidecar in silence. */
function asks({ object, templatePath }: Workload): boolean {
  return at(object, [...templatePath, 'metadata', 'annotations', keys.inject.key]) === 'true';
}

/** Returns the namespace as if it had the label that asks for injection. */
export function optedIn(namespace: Namespace): Namespace {
  return { ...namespace, labels: { ...namespace.labels, [keys.injection.key]: 'enabled' } };
}
