import { keys } from '../../inject/annotations.ts';
import { inject, type Report } from '../../inject/inject.ts';
import type { Install } from '../../inject/plan.ts';
import type { Namespace } from '../../inject/pod.ts';
import { allWarnings } from '../../inject/warnings.ts';
import { installationOf } from '../../installation.ts';
import { at } from '../document/value.ts';
import { podOf, type Workload } from '../workloads.ts';
import { advice, unquoted } from './advice.ts';
import { misshapen } from './misshapen.ts';

export interface Judgement {
  report: Report;
  /** The sentences for the author of the workload. */
  warnings: string[];
}

/** Judges the pods of a workload by the core, and adds what only the workload around them shows. */
export function judge(workload: Workload, namespace: Namespace, install: Install): Judgement {
  const wrong = unquoted(workload);
  if (wrong !== undefined) {
    const decision = { kind: 'deny', code: 'bad-value', sentence: wrong } as const;
    return { report: { decision, patch: [], warnings: [] }, warnings: [] };
  }
  const shape = misshapen(workload);
  if (shape !== undefined) {
    const kind = asks(workload) ? 'deny' : 'skip';
    const decision = { kind, code: 'bad-value', sentence: shape } as const;
    return { report: { decision, patch: [], warnings: [] }, warnings: [] };
  }
  const pod = podOf(workload);
  const report = inject(pod, { namespace, install, dryRun: false });
  // That the pod is not injected is the result, which is printed anyway.
  const warnings = allWarnings(pod, namespace, report.decision).filter(({ code }) => code !== 'not-injected');
  const sentences = warnings.map(({ sentence }) => sentence);
  return { report, warnings: [...sentences, ...advice(workload, report)] };
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
