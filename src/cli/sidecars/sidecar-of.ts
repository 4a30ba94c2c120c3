import { looksLikeOurs } from '../../inject/container.ts';
import { PORT } from '../../inject/names.ts';
import type { Container } from '../../inject/pod.ts';
import { variableName } from '../../setting.ts';
import { portOrOff } from '../../values.ts';
import { at, type Fields, isFields, type Value } from '../document/value.ts';

/** The sidecar of a pod: the group that it follows, and the port at which it can be asked. */
export interface Sidecar {
  source: 'endpointslices' | 'pods' | 'dns';
  /** The Service, or for the source `pods` the label selector; undefined where all of its groups have names. */
  group: string | undefined;
  /** The port of health and metrics; `off` where it has none. */
  port: number | 'off';
}

/** Reads the sidecar of a pod as the API server shows it; undefined when the pod has none. */
export function sidecarOf(pod: Fields): Sidecar | undefined {
  const container = ['initContainers', 'containers'].flatMap((list) => fieldsAt(pod, list)).find(isOurs);
  if (container === undefined) return undefined;
  const variables = new Map(listed(container.env).map(({ name, value }) => [name, value]));
  // Kubernetes takes `$$` for a dollar, and the injector writes it so.
  const text = (key: string) => textOf(variables.get(variableName(key)))?.replaceAll('$$', '$');
  const source = text('source');
  return {
    source: source === 'pods' || source === 'dns' ? source : 'endpointslices',
    group: (source === 'pods' ? text('selector') : text('service')) || undefined,
    port: portOf(text('port')),
  };
}

function isOurs(container: Fields): boolean {
  return looksLikeOurs(container as unknown as Container);
}

/**
 * Reads the port. Whoever may create the pod can write any text, and a path is made of the port. A text that is no port
 * is `off`, since no sidecar starts with it.
 */
function portOf(text: string | undefined): Sidecar['port'] {
  if (text === undefined) return PORT;
  try {
    return portOrOff(1)(text);
  } catch {
    return 'off';
  }
}

function fieldsAt(pod: Fields, list: string): Fields[] {
  return listed(at(pod, ['spec', list]));
}

function listed(value: Value | undefined): Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : [];
}

function textOf(value: Value | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
