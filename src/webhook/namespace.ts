import type { Namespace } from '../inject/pod.ts';
import type { KubernetesClient } from './kubernetes-client.ts';

/** The namespace as the API server has it at this moment, with the items of its LimitRanges. */
export async function readNamespace({ core }: KubernetesClient, name: string): Promise<Namespace> {
  const [{ metadata }, { items }] = await Promise.all([
    core.readNamespace({ name }),
    core.listNamespacedLimitRange({ namespace: name }),
  ]);
  const limits = items
    .flatMap(({ spec }) => spec?.limits ?? [])
    // The client can't call a field by a word of the language.
    .map(({ _default, ...item }) => (_default === undefined ? item : { ...item, default: _default }));
  return { name, labels: metadata?.labels ?? {}, annotations: metadata?.annotations ?? {}, limits };
}
