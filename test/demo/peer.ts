/**
 * A pod of the group as far as it runs here: a real sidecar process and an application that reads its socket.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiObject } from '../../src/testing/api/objects.ts';
import type { Delta, Snapshot } from '../../src/watcher/protocol.ts';
import type { Rollcall } from '../support/rollcall.ts';
import { Application } from './application.ts';
import type { Group, GroupPod } from './group.ts';
import type { Stage } from './stage.ts';

export interface Peer {
  pod: GroupPod;
  sidecar: Rollcall;
  socket: string;
  application: Application;
  /** The latest snapshot that the sidecar wrote to members.json. */
  file(): Snapshot;
}

/** Starts both; `admitted` is the pod as the webhook left it. */
export async function startPeer(stage: Stage, pod: GroupPod, admitted: ApiObject): Promise<Peer> {
  const directory = join(stage.directory, pod.name);
  // What differs from a cluster: where the API is, the folder, any free port, and a short grace period.
  const here = { server: stage.api.url, directory, port: 0, 'grace-seconds': 1 };
  const sidecar = stage.start('sidecar', { ...injectedSettings(admitted, pod), ...here });
  await sidecar.port();
  const socket = join(directory, 'members.sock');
  const application = await Application.connect(socket);
  await application.until('snapshot', ({ revision }) => revision !== undefined, 10_000);
  const file = () => JSON.parse(readFileSync(join(directory, 'members.json'), 'utf8')) as Snapshot;
  return { pod, sidecar, socket, application, file };
}

interface Variable {
  name: string;
  value?: string;
  valueFrom?: { fieldRef: { fieldPath: string } };
}

/** The settings that the webhook gave the sidecar, resolved for this pod as the kubelet would, as flags. */
function injectedSettings(admitted: ApiObject, { name, uid }: GroupPod): Record<string, string> {
  const { initContainers } = admitted.spec as { initContainers: { name: string; env: Variable[] }[] };
  const sidecar = initContainers.find((container) => container.name === 'rollcall');
  // The others are for Node.
  const variables = (sidecar?.env ?? []).filter((variable) => variable.name.startsWith('ROLLCALL_'));
  const fields: Record<string, string> = {
    'metadata.namespace': admitted.metadata!.namespace!,
    'metadata.name': name,
    'metadata.uid': uid,
  };
  const resolved = variables.map(({ name: variable, value, valueFrom }) => [
    variable.replace('ROLLCALL_', '').toLowerCase().replaceAll('_', '-'),
    value ?? fields[valueFrom?.fieldRef.fieldPath ?? ''] ?? '',
  ]);
  return Object.fromEntries(resolved);
}

/** Whether the application holds exactly the pods of the group, in their present condition. */
export function agrees({ application }: Peer, group: Group): boolean {
  if (application.members.size !== group.pods.length) return false;
  return group.pods.every((pod) => {
    const member = application.members.get(pod.uid);
    return (
      member?.name === pod.name &&
      member.addresses[0] === pod.ip &&
      member.ready === pod.ready &&
      member.terminating === pod.terminating
    );
  });
}

/** The deltas that the application read from the given line on. */
export function deltasSince({ application }: Peer, line: number): Delta[] {
  return application.lines.slice(line).filter((read) => read.type === 'delta');
}
