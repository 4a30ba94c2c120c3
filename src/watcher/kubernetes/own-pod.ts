import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { KubernetesObject } from './collection.ts';
import { follow } from './kubernetes.ts';
import type { Transport } from './transport.ts';

/** The parts of a v1 Pod that tell whether its work is done. */
interface Pod {
  spec?: { restartPolicy?: string; containers?: { name: string }[] };
  status?: {
    containerStatuses?: { name: string; state?: { terminated?: { exitCode?: number } | null } }[] | null;
  };
}

/** Of the sidecar in its pod. */
const NAME = 'rollcall';

/**
 * Resolves when all other containers of the pod have ended and will not be started again: a sidecar
 * that is an ordinary container would else keep the pod of a Job from ending.
 */
export async function othersEnded(
  { namespace, name }: { namespace: string; name: string },
  transport: Transport,
  clock: Clock,
  log: Log,
): Promise<void> {
  const collection = {
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`,
    fieldSelector: `metadata.name=${name}`,
    members: (object: KubernetesObject) => [haveOthersEnded(object as Pod)],
  };
  for await (const event of follow(collection, transport, clock, log)) {
    const told =
      event.type === 'set' ? event.members : event.type === 'replace' ? [...event.parts.values()].flat() : [];
    if (told.includes(true)) return;
  }
}

export function haveOthersEnded({ spec, status }: Pod): boolean {
  const others = (spec?.containers ?? []).filter((container) => container.name !== NAME);
  const again = (code: number) => spec?.restartPolicy !== 'Never' && code !== 0;
  return others.every(({ name }) => {
    const state = status?.containerStatuses?.find((one) => one.name === name)?.state;
    const code = state?.terminated?.exitCode;
    return code !== undefined && !again(code);
  });
}
