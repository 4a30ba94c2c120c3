/** The port at which the sidecar answers about its health, and the probes that ask it. */
import { keys } from './annotations.ts';
import { reason } from './codes.ts';
import { NAME, PORT } from './names.ts';
import type { Container, PodSpec } from './pod.ts';
import { NO_FAULTS, type Rule } from './rule.ts';
import { shown } from './shown.ts';

/** A number, or `off`: then health is asked through the socket beside the members. */
export type Port = number | 'off';

/**
 * Returns the port where nobody names one. On the network of the node another pod could have it, and beside a
 * container that has it, one of the two would fail.
 */
export function portOf({ hostNetwork, containers, initContainers = [] }: PodSpec): Port {
  const taken = [...containers, ...initContainers].some((container) => hasPort(container, PORT));
  return hostNetwork === true || taken ? 'off' : PORT;
}

/** Returns whether a container beside the sidecar says that it listens on the port, over TCP as the sidecar does. */
function hasPort({ name, ports = [] }: Container, port: Port): boolean {
  return (
    name !== NAME &&
    ports.some(({ containerPort, protocol = 'TCP' }) => containerPort === port && protocol === 'TCP')
  );
}

/** A probe that is a process: Node starts in 0.05 s, and on a node without CPU to spare in seconds. */
export const PROCESS_SECONDS = 10;

/** Returns the probe that restarts a sidecar which hangs. */
export function livenessProbe(port: Port) {
  const probe =
    port === 'off' ? { ...exec('healthz'), timeoutSeconds: PROCESS_SECONDS } : httpGet('healthz', port);
  // A process every 10 s would cost more than it finds.
  return { ...probe, periodSeconds: port === 'off' ? 30 : 10, failureThreshold: 3 };
}

export function httpGet(check: string, port: number) {
  return { httpGet: { path: `/${check}`, port } };
}

/** Returns the handler that asks as a process. With a number of seconds it waits so long for the answer. */
export function exec(check: string, waitSeconds?: number, more: readonly string[] = []) {
  const wait = waitSeconds === undefined ? [] : ['--wait', `${waitSeconds}`];
  return { exec: { command: ['rollcall', 'probe', '--check', check, ...wait, ...more] } };
}

/** The rule that no other container listens on the port: containers share the address of the pod, so one would fail. */
export const takenPort: Rule = {
  needs: [],
  faults({ pod: { spec }, options: { port }, settings }) {
    if (port === undefined) return NO_FAULTS;
    // The first one found is enough, since another port for the sidecar solves it for all.
    const other = [...spec.containers, ...(spec.initContainers ?? [])].find((container) =>
      hasPort(container, port),
    );
    if (other === undefined) return NO_FAULTS;
    return [
      reason(
        'bad-value',
        `${settings.named(keys.port)}: "${port}" is a port of container "${shown(other.name)}"; write another, or "off"`,
      ),
    ];
  },
};
