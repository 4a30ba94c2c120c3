import { isInjected } from '../inject/own-sidecar.ts';
import type { Pod } from '../inject/pod.ts';
import { at, type Fields, isFields, type Path, type Value } from './document/value.ts';

/** What a pod without a namespace is in, as far as anybody knows. */
export const DEFAULT_NAMESPACE = 'default';

/** Where a kind keeps the template of its pods. */
interface Kind {
  groups: readonly string[];
  path: readonly string[];
}

const inSpec = ['spec', 'template'];

/** Kinds that make pods; those of other groups, such as volcano's Job, have other templates. */
export const KINDS: Readonly<Record<string, Kind>> = {
  Pod: { groups: [''], path: [] },
  PodTemplate: { groups: [''], path: ['template'] },
  ReplicationController: { groups: [''], path: inSpec },
  Deployment: { groups: ['apps', 'extensions'], path: inSpec },
  StatefulSet: { groups: ['apps'], path: inSpec },
  DaemonSet: { groups: ['apps', 'extensions'], path: inSpec },
  ReplicaSet: { groups: ['apps', 'extensions'], path: inSpec },
  Job: { groups: ['batch'], path: inSpec },
  CronJob: { groups: ['batch'], path: ['spec', 'jobTemplate', 'spec', 'template'] },
};

/** An object, with where it stands in its document. */
export interface Item {
  kind: string;
  group: string;
  name: string;
  namespace: string | undefined;
  path: Path;
  object: Fields;
}

export interface Workload extends Item {
  /** Where in the object its pods are described. */
  templatePath: readonly string[];
}

/** The objects of a document; those of a List, one by one. */
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
      namespace: typeof metadata.namespace === 'string' ? metadata.namespace : undefined,
      path,
      object: document,
    },
  ];
}

/** The item, if it is one that makes pods and describes them. */
export function workloadOf(item: Item): Workload | undefined {
  const kind = Object.hasOwn(KINDS, item.kind) ? KINDS[item.kind]! : undefined;
  if (!kind?.groups.includes(item.group)) return undefined;
  const template = at(item.object, kind.path);
  if (!isFields(template) || !isFields(template.spec) || !Array.isArray(template.spec.containers))
    return undefined;
  return { ...item, templatePath: kind.path };
}

/** The pod as it would be created: what only the controller adds, and the core reads, is there. */
export function podOf({ object, kind, templatePath }: Workload): Pod {
  const template = withoutNulls(at(object, templatePath)!) as Fields & { spec: Fields };
  const { spec } = template;
  const metadata = withTexts(template.metadata, at(object, [...templatePath, 'metadata', 'annotations']));
  // A StatefulSet sets it, so that its pods have names in the DNS.
  const serviceName = kind === 'StatefulSet' ? at(object, ['spec', 'serviceName']) : undefined;
  const subdomain = spec.subdomain || serviceName ? { subdomain: spec.subdomain || serviceName! } : {};
  return {
    ...(metadata === undefined ? {} : { metadata }),
    spec: { ...spec, ...subdomain },
  } as unknown as Pod;
}

export function titleOf({ kind, name, namespace }: Pick<Item, 'kind' | 'name' | 'namespace'>): string {
  return `${kind.toLowerCase()}/${name || '(no name)'}${namespace === undefined ? '' : ` in ${namespace}`}`;
}

/** Whether a pod, as an API server shows it, has the sidecar. */
export function hasSidecar(pod: Value | undefined): boolean {
  return Array.isArray(at(pod, ['spec', 'containers'])) && isInjected(pod as unknown as Pod);
}

/** To the API server an annotation without a value is an empty text. */
function withTexts(metadata: Value | undefined, annotations: Value | undefined): Value | undefined {
  if (!isFields(metadata) || !isFields(annotations)) return metadata;
  const texts = Object.entries(annotations).map(([key, value]) => [key, value ?? ''] as const);
  return { ...metadata, annotations: Object.fromEntries(texts) };
}

/** As the API server reads it: an empty key says nothing. */
function withoutNulls(value: Value): Value {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isFields(value)) return value;
  const told = Object.entries(value).filter(([, one]) => one !== null);
  return Object.fromEntries(told.map(([key, one]) => [key, withoutNulls(one)]));
}
