import { DEFAULT_CONTAINER_KEY, NAME, STATUS_KEY, VOLUMES } from './names.ts';
import { escaped, type Operation, removed } from './operations.ts';
import { isInjected, looksLikeOurs } from './own-sidecar.ts';
import { type Container, own, type Pod } from './pod.ts';
import { mountsOf, type Status, statusOf } from './status.ts';

/**
 * The operations that take out what injection put in, by its status annotation; none for a pod that was
 * not injected. A token that injection took away comes back when the pod is created.
 */
export function uninject(pod: Pod): Operation[] {
  const status = statusOf(pod);
  if (status === undefined || !isInjected(pod)) return [];
  const { spec } = pod;
  const empty = new Set(status.empty);
  const stays = (name: string) => empty.has(name);
  const lists = (['containers', 'initContainers'] as const).map((list) => ({ list, all: spec[list] ?? [] }));
  return [
    ...lists.flatMap(({ list, all }) =>
      all.flatMap((container, index) =>
        looksLikeOurs(container)
          ? []
          : removals(
              `/spec/${list}/${index}/volumeMounts`,
              container.volumeMounts,
              isOurMount,
              stays(mountsOf(container.name)),
            ),
      ),
    ),
    ...lists.flatMap(({ list, all }) => removals(`/spec/${list}`, all, looksLikeOurs, stays(list))),
    ...removals('/spec/volumes', spec.volumes, ({ name }) => VOLUMES.includes(name), stays('volumes')),
    ...accountOperations(pod, status),
    ...annotationOperations(pod, status, stays),
  ];
}

function isOurMount({ name }: { name: string }): boolean {
  return name === NAME;
}

/** A list that is emptied goes, unless it was there. */
function removals<T>(
  path: string,
  items: readonly T[] = [],
  ours: (item: T) => boolean,
  stays: boolean,
): Operation[] {
  const operations = removed(path, items, ours);
  const emptied = operations.length > 0 && operations.length === items.length;
  return emptied && !stays ? [{ op: 'remove', path }] : operations;
}

function accountOperations({ spec }: Pod, { account, was }: Status): Operation[] {
  if (account !== 'scoped') return [];
  return (['serviceAccountName', 'serviceAccount', 'automountServiceAccountToken'] as const).flatMap(
    (field): Operation[] => {
      const value = was?.[field];
      if (value === spec[field]) return [];
      return value === undefined
        ? [{ op: 'remove', path: `/spec/${field}` }]
        : [{ op: 'replace', path: `/spec/${field}`, value }];
    },
  );
}

function annotationOperations(
  { metadata, spec }: Pod,
  { was }: Status,
  stays: (name: string) => boolean,
): Operation[] {
  const annotations = metadata?.annotations ?? {};
  const ordinary = spec.containers.some((container: Container) => looksLikeOurs(container));
  const added =
    ordinary && was?.defaultContainer === undefined && own(annotations, DEFAULT_CONTAINER_KEY) !== undefined;
  const ours = [STATUS_KEY, ...(added ? [DEFAULT_CONTAINER_KEY] : [])];
  const rest = Object.keys(annotations).length - ours.length;
  if (rest > 0 || stays('annotations')) {
    return ours.map((key) => ({ op: 'remove', path: `/metadata/annotations/${escaped(key)}` }));
  }
  const alone = Object.keys(metadata!).length === 1;
  return [{ op: 'remove', path: alone && !stays('metadata') ? '/metadata' : '/metadata/annotations' }];
}
