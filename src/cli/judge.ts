import { keys } from '../inject/annotations.ts';
import { inject, type Report } from '../inject/inject.ts';
import type { Install } from '../inject/plan.ts';
import type { Namespace } from '../inject/pod.ts';
import { installationOf } from '../installation.ts';
import { advice, unquoted } from './advice.ts';
import { at } from './document/value.ts';
import { misshapen } from './misshapen.ts';
import { podOf, type Workload } from './workloads.ts';

export interface Judgement {
  report: Report;
  /** Sentences for the author of the workload. */
  warnings: string[];
}

/** What the core says of the pods of a workload, and what only the workload around them shows. */
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
  const report = inject(podOf(workload), { namespace, install, dryRun: false });
  const warnings = report.warnings
    .map((sentence) => sentence.replace(/^rollcall: /, ''))
    // That is the result itself, which is said anyway.
    .filter((sentence) => !sentence.startsWith('not injected ('));
  return { report, warnings: [...warnings, ...advice(workload, report)] };
}

interface InstallFlags {
  image?: string | undefined;
  'shell-image'?: string | undefined;
  default: readonly string[];
}

/** Of the flags that inject and explain have alike; no cluster before native sidecars is judged for. */
export function installOf({ image, 'shell-image': shellImage, default: defaults }: InstallFlags): Install {
  return { ...installationOf({ image, shellImage, defaults }), nativeSidecars: true, podResources: true };
}

/**
 * The same where no cluster is asked: whoever applies the output applies the Role in it, and so has the right
 * to give it. That pods may be read is then said by them, not by the namespace.
 */
export function offlineInstallOf(flags: InstallFlags): Install {
  return installOf({ ...flags, default: [`${keys.podAccess.key}=true`, ...flags.default] });
}

/** Whether the pods ask themselves: then they are not to be left without the sidecar in silence. */
function asks({ object, templatePath }: Workload): boolean {
  return at(object, [...templatePath, 'metadata', 'annotations', keys.inject.key]) === 'true';
}

/** As if the namespace had been labelled. */
export function optedIn(namespace: Namespace): Namespace {
  return { ...namespace, labels: { ...namespace.labels, [keys.injection.key]: 'enabled' } };
}
