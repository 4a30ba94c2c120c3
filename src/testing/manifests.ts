/** Reads the pods of manifests, as their controllers would make them. */
import { randomUUID } from 'node:crypto';
import { parseAllDocuments } from 'yaml';
import type { Pod } from '../inject/pod.ts';

/** An object of any kind, as far as it is read here. */
interface AnyObject {
  apiVersion?: string;
  kind?: string;
  metadata?: { name?: string; namespace?: string };
  items?: AnyObject[] | null;
  spec?: { template?: TemplateOfPods; jobTemplate?: { spec?: { template?: TemplateOfPods } } };
}

type TemplateOfPods = Pick<Pod, 'metadata' | 'spec'>;

/** A pod with its kind, as it is sent to an API server. */
export interface PodManifest extends Pod {
  apiVersion: 'v1';
  kind: 'Pod';
}

/**
 * Returns the pods of a text of manifests, such as the output of `helm template`: each Pod as it is, and one
 * pod of each workload that has a pod template, with the name, the labels and the owner that its controller
 * gives it. Throws for a text that is not YAML.
 *
 *     for (const pod of podsOf(rendered)) console.log(pod.metadata?.name);
 */
export function podsOf(text: string): PodManifest[] {
  return objectsOf(text).flatMap((object) => podOf(object) ?? []);
}

/** Returns the one Pod of a text. Throws when it has none, more than one, or only workloads. */
export function onlyPod(text: string): PodManifest {
  const [first, ...more] = objectsOf(text);
  if (first?.kind === 'Pod' && more.length === 0) return podOf(first)!;
  const found =
    first === undefined
      ? 'nothing'
      : [first, ...more].map(({ kind }) => kind ?? 'an object without a kind').join(', ');
  throw new Error(`the text has ${found} and not one Pod; give one Pod, or each of podsOf(text)`);
}

function objectsOf(text: string): AnyObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new Error(`the manifests are not YAML: ${error.message}`);
    const object = document.toJS() as AnyObject | null;
    return [object?.items ?? object].flat().filter(isObject);
  });
}

/** Tells whether it is an object: a document may be a number, and an item of a List null. */
function isObject(value: unknown): value is AnyObject {
  return typeof value === 'object' && value !== null;
}

function podOf(object: AnyObject): PodManifest | undefined {
  if (object.kind === 'Pod') return { ...(object as unknown as Pod), apiVersion: 'v1', kind: 'Pod' };
  const template = object.spec?.template ?? object.spec?.jobTemplate?.spec?.template;
  if (template?.spec?.containers === undefined) return undefined;
  const { apiVersion = '', kind = '' } = object;
  const { name = '', namespace } = object.metadata ?? {};
  const owner = { apiVersion, kind, name, uid: randomUUID(), controller: true };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...template.metadata,
      ...(kind === 'StatefulSet' ? { name: `${name}-0` } : { generateName: `${name}-` }),
      ...(namespace === undefined ? {} : { namespace }),
      ownerReferences: [owner],
    },
    spec: template.spec,
  };
}
