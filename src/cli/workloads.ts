import { isInjected } from '../inject/container.ts';
import type { Pod } from '../inject/pod.ts';
import { at, type Fields, isFields, type Path, type Value } from './document/value.ts';
import { placeOf, templatesOf } from './pod-templates.ts';

/** The namespace of a pod for which nobody named one. */
export const DEFAULT_NAMESPACE = 'default';

/** The sentence about an input in which no object makes pods. */
export const NO_PODS =
  'there is no pod and no pod template in the input; give a Pod, or a workload such as a Deployment';

/** An object, with its path in its document. */
export interface Item {
  kind: string;
  group: string;
  name: string;
  namespace: string | undefined;
  path: Path;
  object: Fields;
  /**
   * Returns the scalar at a path of the object as its author wrote it. Only an object from a text has this.
   */
  written?: (path: Path) => string | undefined;
}

export interface Workload extends Item {
  /** The path of the pod template in the object. */
  templatePath: Path;
  /** This says the path in words, where the object has several templates. */
  part?: string;
}

/** Returns the objects of a document, those of a List one by one. */
export function itemsOf(document: Value, path: Path = [], like?: Fields): Item[] {
  if (!isFields(document)) return [];
  const { kind, apiVersion } = { ...like, ...document };
  if (typeof kind !== 'string' || typeof apiVersion !== 'string') return [];
  if (kind.endsWith('List') && Array.isArray(document.items)) {
    // The items of a typed list often don't repeat its kind.
    const typed = kind === 'List' ? {} : { kind: kind.slice(0, -4), apiVersion };
    return document.items.flatMap((item, index) => itemsOf(item, [...path, 'items', index], typed));
  }
  const metadata = isFields(document.metadata) ? document.metadata : {};
  const name = metadata.name ?? metadata.generateName;
  return [
    {
      kind,
      group: apiVersion.includes('/') ? apiVersion.split('/')[0]! : '',
      name: typeof name === 'string' ? name : '',
      // An empty namespace is none, as for the API server.
      namespace: typeof metadata.namespace === 'string' ? metadata.namespace || undefined : undefined,
      path,
      object: document,
    },
  ];
}

/** Tells whether the conditions of a pod, as the API server has it, say that it is ready. */
export function isReady(pod: Value): boolean {
  const conditions = at(pod, ['status', 'conditions']);
  return (
    Array.isArray(conditions) &&
    conditions.some((one) => at(one, ['type']) === 'Ready' && at(one, ['status']) === 'True')
  );
}

/** Returns a workload for each pod template of the item that can be changed here. */
export function workloadsOf(item: Item): Workload[] {
  const safe = templatesOf(item).filter(({ unsafe }) => unsafe === undefined);
  return safe.map(({ path }) => ({
    ...item,
    templatePath: path,
    ...(safe.length > 1 ? { part: placeOf(path) } : {}),
  }));
}

/** Returns the pod as its controller would create it, as far as the core reads it. */
export function podOf({ object, kind, templatePath }: Workload): Pod {
  const pod = podOfTemplate(at(object, templatePath)!);
  // The controller of a StatefulSet sets the subdomain, so that its pods have names in DNS.
  const serviceName = kind === 'StatefulSet' ? at(object, ['spec', 'serviceName']) : undefined;
  if (pod.spec.subdomain || typeof serviceName !== 'string' || serviceName === '') return pod;
  return { ...pod, spec: { ...pod.spec, subdomain: serviceName } };
}

/** Returns the pod that a template describes. */
export function podOfTemplate(template: Value): Pod {
  const told = withoutNulls(template) as Fields;
  const metadata = withTexts(told.metadata, at(template, ['metadata', 'annotations']));
  return { ...(metadata === undefined ? {} : { metadata }), spec: told.spec } as unknown as Pod;
}

export function titleOf({
  kind,
  name,
  namespace,
  part,
}: Pick<Workload, 'kind' | 'name' | 'namespace' | 'part'>): string {
  const where = `${namespace === undefined ? '' : ` in ${namespace}`}${part === undefined ? '' : `, ${part}`}`;
  return `${kind.toLowerCase()}/${name || '(no name)'}${where}`;
}

/** Tells whether a pod, as an API server shows it, has the sidecar. */
export function hasSidecar(pod: Value | undefined): boolean {
  return Array.isArray(at(pod, ['spec', 'containers'])) && isInjected(pod as unknown as Pod);
}

/** Gives annotations without a value an empty text, as the API server does. */
function withTexts(metadata: Value | undefined, annotations: Value | undefined): Value | undefined {
  if (!isFields(metadata) || !isFields(annotations)) return metadata;
  const texts = Object.entries(annotations).map(([key, value]) => [key, value ?? ''] as const);
  return { ...metadata, annotations: Object.fromEntries(texts) };
}

/** Removes nulls, because a key without a value means nothing to the API server. */
function withoutNulls(value: Value): Value {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isFields(value)) return value;
  const told = Object.entries(value).filter(([, one]) => one !== null);
  return Object.fromEntries(told.map(([key, one]) => [key, withoutNulls(one)]));
}
