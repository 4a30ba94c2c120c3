import { keys } from './annotations.ts';
import { refuseForeignMounts } from './mounts.ts';
import { NAME } from './names.ts';
import type { Options } from './options.ts';
import { looksLikeOurs } from './own-sidecar.ts';
import { type Plan, portOf as portOfSidecar } from './plan.ts';
import type { Container, Pod, Volume } from './pod.ts';
import { Problem, shown, shownAll } from './problem.ts';
import type { Settings } from './settings.ts';
import { isSubset } from './subset.ts';

/** What the pod has under our names must be ours, and what is asked of the sidecar must be possible in it. */
export function refuseConflicts(pod: Pod, plan: Plan, options: Options, settings: Settings): void {
  refuseOpenGate(options, plan, settings);
  refuseTakenPort(pod, options, settings);
  refuseNotifyOnNode(pod, options, settings);
  refuseNotifyOfItself(pod, options, settings);
  for (const planned of plan.volumes) refuseForeignVolume(planned, pod.spec.volumes ?? []);
  refuseNamesake(pod, plan);
  refuseUnknownContainers(pod, plan, settings);
  refuseForeignMounts(pod, plan);
}

/** A kubelet starts the next container also when the one that held it back has ended. */
function refuseOpenGate({ waitFor, waitAction }: Options, { native }: Plan, settings: Settings): void {
  if (native || waitFor === 0 || waitAction !== 'fail') return;
  throw new Problem(
    'bad-value',
    `${settings.named(keys.waitAction)}: "fail" needs a native sidecar, since the application starts all the ` +
      'same when an ordinary one ends; write "continue", or use a native one',
  );
}

/** The containers of a pod share its address: of two that listen on a port, one fails. */
function refuseTakenPort({ spec }: Pod, { port }: Options, settings: Settings): void {
  if (port === undefined || port === 'off') return;
  for (const list of [spec.containers, spec.initContainers ?? []]) {
    for (const { name, ports = [] } of list) {
      if (name === NAME || !ports.some((one) => one.containerPort === port && one.protocol !== 'UDP'))
        continue;
      throw new Problem(
        'bad-value',
        `${settings.named(keys.port)}: "${port}" is a port of container "${shown(name)}"; write another, or "off"`,
      );
    }
  }
}

/** The sidecar answers questions about its health there, and takes nothing. */
function refuseNotifyOfItself({ spec }: Pod, { notify, port }: Options, settings: Settings): void {
  const ours = `${port ?? portOfSidecar(spec)} TCP`;
  const own = notify.find((target) => portOf(target) === ours);
  if (own === undefined) return;
  throw new Problem(
    'bad-value',
    `${settings.named(keys.notify)}: "${shown(own)}" leads to the sidecar itself; write the port of the application`,
  );
}

/** The loopback of a node has services of others: only what is the pod's own may be called there. */
function refuseNotifyOnNode({ spec }: Pod, { notify }: Options, settings: Settings): void {
  if (spec.hostNetwork !== true || notify.length === 0) return;
  const own = new Set<string>();
  for (const { name, ports = [] } of [...spec.containers, ...(spec.initContainers ?? [])]) {
    if (name === NAME) continue;
    for (const { containerPort, protocol = 'TCP' } of ports) own.add(`${containerPort} ${protocol}`);
  }
  const foreign = notify.find((target) => !own.has(portOf(target)));
  if (foreign === undefined) return;
  throw new Problem(
    'bad-value',
    `${settings.named(keys.notify)}: "${shown(foreign)}" leads to a port of the node, since the pod has hostNetwork, ` +
      'and no container of the pod has it among its ports; add the containerPort, or leave the target out',
  );
}

function portOf(target: string): string {
  const { protocol, port } = new URL(target);
  return protocol === 'udp:' ? `${Number(port)} UDP` : `${Number(port || 80)} TCP`;
}

function refuseForeignVolume(planned: Volume, volumes: readonly Volume[]): void {
  const existing = volumes.find((volume) => volume.name === planned.name);
  if (existing !== undefined && !isSubset(planned, existing)) {
    throw new Problem(
      'name-taken',
      `the pod has a volume "${planned.name}" of its own; give it another name`,
    );
  }
}

function refuseNamesake({ spec: { containers, initContainers = [] } }: Pod, { native }: Plan): void {
  const [own, others] = native ? [initContainers, containers] : [containers, initContainers];
  const isForeign = (container: Container) => container.name === NAME && !looksLikeOurs(container);
  if (others.some(({ name }) => name === NAME) || own.some(isForeign)) {
    throw new Problem('name-taken', `the pod has a container "${NAME}" of its own; give it another name`);
  }
}

function refuseUnknownContainers({ spec }: Pod, { mounted }: Plan, settings: Settings): void {
  if (mounted === undefined) return;
  const all = [...spec.containers, ...(spec.initContainers ?? [])].map(({ name }) => name);
  const known = new Set(all);
  for (const name of mounted) {
    if (known.has(name)) continue;
    throw new Problem(
      'bad-value',
      `${settings.named(keys.containers)}: the pod has no container "${name}"; it has ${shownAll(all)}`,
    );
  }
}
