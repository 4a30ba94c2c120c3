/**
 * Finds the places where an object describes pods. For kinds that are not known, the content decides, because
 * everybody can define kinds that have pods.
 */
import { templatePath } from './cluster/kinds.ts';
import { at, type Fields, isFields, type Path, type Value } from './document/value.ts';

export interface PodTemplate {
  path: Path;
  /** Why the template must not be changed here; undefined when it can be. */
  unsafe?: string;
}

export interface TypedObject {
  kind: string;
  group: string;
  object: Fields;
}

/** Returns all pod templates of an object, in the order of its text. */
export function templatesOf({ kind, group, object }: TypedObject): PodTemplate[] {
  const known = templatePath(kind, group);
  if (known !== undefined) return ofKnown(at(object, known), known);
  // A template in a status is only a report of what was seen.
  const parts = Object.entries(object).filter(([key]) => key !== 'status');
  return parts.flatMap(([key, value]) => found(value, [key], knative(group)));
}

function ofKnown(value: Value | undefined, path: Path): PodTemplate[] {
  if (isTemplate(value)) return [{ path }];
  return isFields(value) ? [{ path, unsafe: 'its spec has no list of containers' }] : [];
}

/** The depth down to which templates are looked for. No kind keeps one deeper. */
const MAX_DEPTH = 24;

function found(value: Value, path: Path, unsafe: string | undefined): PodTemplate[] {
  if (typeof value !== 'object' || value === null || path.length > MAX_DEPTH) return [];
  if (isTemplate(value)) {
    const why = unsafe ?? incomplete(value);
    return [{ path, ...(why === undefined ? {} : { unsafe: why }) }];
  }
  if (Array.isArray(value)) return value.flatMap((item, index) => found(item, [...path, index], unsafe));
  const isManifest = typeof value.kind === 'string' && typeof value.apiVersion === 'string';
  const why = isManifest ? `it is a manifest inside of another; inject that ${value.kind} by itself` : unsafe;
  return Object.entries(value).flatMap(([key, one]) => found(one, [...path, key], why));
}

function isTemplate(value: Value | undefined): value is Fields & { spec: Fields & { containers: Value[] } } {
  if (!isFields(value) || !isFields(value.spec)) return false;
  const { containers, initContainers } = value.spec;
  return Array.isArray(containers) && containers.every(isFields) && areContainers(initContainers ?? null);
}

function areContainers(list: Value): boolean {
  return list === null || (Array.isArray(list) && list.every(isFields));
}

function incomplete({ spec }: Fields & { spec: Fields & { containers: Value[] } }): string | undefined {
  const whole = (spec.containers as Fields[]).every(({ image }) => typeof image === 'string' && image !== '');
  if (whole && spec.containers.length > 0) return undefined;
  return 'its containers have no image, so its controller adds to them what is not known here';
}

function knative(group: string): string | undefined {
  if (!/(^|\.)knative\.dev$/.test(group)) return undefined;
  return 'Knative refuses the init container and the probes of a sidecar in its own objects';
}

/** Writes a path for people, such as `spec.tasks[0].template`. */
export function placeOf(path: Path): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '');
}
