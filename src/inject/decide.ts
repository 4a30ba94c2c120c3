import { keys } from './annotations.ts';
import { refuseConflicts } from './conflicts.ts';
import { type Options, optionsOf } from './options.ts';
import { type Install, type Plan, plan } from './plan.ts';
import { type Namespace, own, type Pod } from './pod.ts';
import { type Code, Problem } from './problem.ts';
import { type Origin, Settings } from './settings.ts';
import { isNeverRefused, refuseUnsupported } from './unsupported.ts';

export interface Context {
  namespace: Namespace;
  install: Install;
  /** Nothing may be created: the pod is not going to be. */
  dryRun: boolean;
}

export type Decision =
  | { kind: 'inject'; options: Options; plan: Plan; origins: Origin[] }
  /** The pod is created as it is. */
  | { kind: 'skip'; code: Code; sentence: string }
  /** The pod asked for the sidecar and can't have it: it is refused, so that its author hears of it. */
  | { kind: 'deny'; code: Code; sentence: string };

/**
 * Whether the pod gets the sidecar, and which. A pod that asks itself and can't be served is denied;
 * one that only its namespace opted in is never broken: it is skipped with the reason.
 */
export function decide(pod: Pod, { namespace, install, dryRun }: Context): Decision {
  const settings = new Settings({
    pod: pod.metadata?.annotations,
    namespace: namespace.annotations,
    installation: install.defaults,
  });
  let asks = true;
  try {
    const inject = settings.get(keys.inject);
    asks = inject === true;
    if (inject === false) return skip('opted-out', `${keys.inject.key} is "false" on the pod`);
    if (!asks && !optsIn(namespace)) {
      return skip(
        'not-opted-in',
        `neither ${keys.inject.key} on the pod nor ${keys.injection.key} on the namespace`,
      );
    }
    refuseUnsupported(pod, { namespace, install, asks });
    const options = optionsOf(pod, settings);
    const planned = plan(pod, options, { namespace, install, dryRun, asks });
    refuseConflicts(pod, planned, options, settings);
    return { kind: 'inject', options, plan: planned, origins: settings.origins };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const denied = asks && !isNeverRefused(pod, namespace, install);
    return { kind: denied ? 'deny' : 'skip', code: error.code, sentence: error.message };
  }
}

function skip(code: Code, sentence: string): Decision {
  return { kind: 'skip', code, sentence };
}

function optsIn({ labels }: Namespace): boolean {
  return keys.injection.parse(own(labels, keys.injection.key) ?? '');
}
