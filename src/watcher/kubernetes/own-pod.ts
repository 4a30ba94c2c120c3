import type { Clock } from '../clock.ts';
import { CONTAINER } from '../contract.ts';
import type { Log } from '../log.ts';
import type { KubernetesObject } from './collection.ts';
import { numberAt, objectAt, objectsAt, textAt } from './fields.ts';
import { follow } from './reflector.ts';
import type { Transport } from './transport.ts';

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
    kinds: ['Pod'],
    namespace,
    fieldSelector: `metadata.name=${name}`,
    // A server, or a proxy in front of it, that does not look at selectors tells of other pods too.
    members: (object: KubernetesObject) => (object.metadata?.name === name ? [haveOthersEnded(object)] : []),
  };
  for await (const event of follow(collection, transport, clock, log)) {
    const told =
      event.type === 'set' ? event.members : event.type === 'replace' ? [...event.parts.values()].flat() : [];
    if (told.includes(true)) return;
  }
}

export function haveOthersEnded(pod: KubernetesObject): boolean {
  const spec = objectAt(pod, 'spec');
  const again = textAt(spec, 'restartPolicy') !== 'Never';
  const statuses = objectsAt(objectAt(pod, 'status'), 'containerStatuses');
  return objectsAt(spec, 'containers')
    .map((container) => textAt(container, 'name'))
    .filter((name) => name !== CONTAINER)
    .every((name) => {
      const status = statuses.find((one) => textAt(one, 'name') === name) ?? {};
      const code = numberAt(objectAt(objectAt(status, 'state'), 'terminated'), 'exitCode');
      return code !== undefined && !(again && code !== 0);
    });
}
