/** The gate: how the sidecar holds back the application until the group is known, or large enough. */
import { keys } from './annotations.ts';
import { reason, type Warning, warning } from './codes.ts';
import { exec, httpGet, type Port, PROCESS_SECONDS } from './health.ts';
import type { Options } from './options.ts';
import type { Plan } from './plan.ts';
import { NO_FAULTS, type Rule } from './rule.ts';

/** Without a number to wait for, the sidecar lets the application start after 10 s at the latest. */
const START_SECONDS = 60;
/** After the time to wait is over, the sidecar says so; a probe comes every second. */
const MARGIN_SECONDS = 10;
/** `/startz` answers when the application may start, or after 20 s: each refusal is an Event of the pod. */
const HELD_SECONDS = 30;

/** Returns the hook of an ordinary sidecar: the kubelet starts the next container when it has ended. */
export function startHook(options: Options) {
  return { postStart: exec('startz', startSeconds(options)) };
}

/** Returns the probe of a native sidecar: the kubelet starts the next container when it has succeeded. */
export function startupProbe(options: Options, port: Port) {
  const held = port === 'off' ? exec('startz', HELD_SECONDS - PROCESS_SECONDS) : httpGet('startz', port);
  return {
    ...held,
    timeoutSeconds: HELD_SECONDS,
    periodSeconds: 1,
    failureThreshold: startSeconds(options),
  };
}

function startSeconds({ waitFor, waitTimeout }: Options): number {
  return Math.max(START_SECONDS, waitFor.waits ? waitTimeout + MARGIN_SECONDS : 0);
}

/** A kubelet starts the next container also when the one that held it back has ended. */
export const openGate: Rule = {
  needs: [keys.nativeSidecar],
  faults({ options: { waitFor, waitAction }, plan: { native }, settings }) {
    if (native || !waitFor.waits || waitAction !== 'fail') return NO_FAULTS;
    return [
      reason(
        'bad-value',
        `${settings.named(keys.waitAction)}: "fail" needs a native sidecar, since the application starts all the ` +
          'same when an ordinary one ends; write "continue", or use a native one',
      ),
    ];
  },
};

/** Warns of gates that may never open, for all that can be told from the pod. */
export function gateWarnings({ native }: Pick<Plan, 'native'>, { waitFor, group }: Options): Warning[] {
  if (!waitFor.waits) return [];
  if (group.source === 'dns') {
    return [
      warning(
        'gate',
        `annotation ${keys.waitFor.key}: DNS lists ready pods only, and one that waits is not ready: its Service ` +
          'needs publishNotReadyAddresses: true',
      ),
    ];
  }
  if (native) return [];
  return [
    warning(
      'gate',
      `annotation ${keys.waitFor.key}: a pod has no address until its ordinary sidecar has started, so pods that ` +
        'wait do not see each other',
    ),
  ];
}
