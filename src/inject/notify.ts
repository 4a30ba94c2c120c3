/** The targets that the sidecar notifies: they must be of the pod, and not the sidecar itself. */
import { keys } from './annotations.ts';
import { reason } from './codes.ts';
import { portOf } from './health.ts';
import type { PodSpec } from './pod.ts';
import { NO_FAULTS, type Rule } from './rule.ts';
import { shown } from './shown.ts';

/** The loopback of a node has services of others: only the ports of the pod itself may be notified there. */
export const notifiedNode: Rule = {
  needs: [],
  faults({ pod: { spec }, options: { notify }, settings }) {
    if (spec.hostNetwork !== true || notify.length === 0) return NO_FAULTS;
    const own = portsOf(spec);
    const foreign = notify.filter((target) => !own.has(portOfTarget(target)));
    return foreign.map((target) =>
      reason(
        'bad-value',
        `${settings.named(keys.notify)}: "${shown(target)}" leads to a port of the node, since the pod has hostNetwork, ` +
          'and no container of the pod has it among its ports; add the containerPort, or leave the target out',
      ),
    );
  },
};

/** The sidecar answers questions about its health at its port, and takes no notifications there. */
export const notifiedSidecar: Rule = {
  needs: [keys.port],
  faults({ pod: { spec }, options: { notify, port }, settings }) {
    if (notify.length === 0) return NO_FAULTS;
    const ours = `${port ?? portOf(spec)} TCP`;
    const own = notify.filter((target) => portOfTarget(target) === ours);
    return own.map((target) =>
      reason(
        'bad-value',
        `${settings.named(keys.notify)}: "${shown(target)}" leads to the sidecar itself; write the port of the application`,
      ),
    );
  },
};

/** Returns the ports of the application, each with its protocol. */
function portsOf({ containers, initContainers = [] }: PodSpec): ReadonlySet<string> {
  const ports = new Set<string>();
  for (const { ports: listed = [] } of [...containers, ...initContainers]) {
    for (const { containerPort, protocol = 'TCP' } of listed) ports.add(`${containerPort} ${protocol}`);
  }
  return ports;
}

function portOfTarget(target: string): string {
  const { protocol, port } = new URL(target);
  return protocol === 'udp:' ? `${Number(port)} UDP` : `${Number(port || 80)} TCP`;
}
