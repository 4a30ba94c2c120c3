import { NAME, PORT } from '../../inject/names.ts';
import { variableName } from '../../setting.ts';
import { at, type Fields, isFields, type Value } from '../document/value.ts';

/** What the sidecar of a pod follows, and where it can be asked. */
export interface Sidecar {
  source: 'endpointslices' | 'pods' | 'dns';
  /** The Service, or for the source `pods` the label selector. */
  group: string;
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
  const port = text('port');
  return {
    source: source === 'pods' || source === 'dns' ? source : 'endpointslices',
    group: (source === 'pods' ? text('selector') : text('service')) ?? '',
    port: port === undefined ? PORT : port === 'off' ? 'off' : Number(port),
  };
}

function isOurs({ name, args }: Fields): boolean {
  return name === NAME && Array.isArray(args) && args[0] === 'sidecar';
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
