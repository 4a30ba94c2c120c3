import { Corrupt } from '../lines.ts';
import { MOST_EXPECTED, SCALABLE, type ScalableKind } from '../texts/expected.ts';
import { isFields, numberAt, objectAt, textAt } from './fields.ts';

/** A workload whose replicas are the members of a group. */
export interface ScaledWorkload {
  namespace: string;
  kind: ScalableKind;
  name: string;
}

/** Returns the path of the scale of a workload: of all that the workload says, it shows the counts alone. */
export function scalePath({ namespace, kind, name }: ScaledWorkload): string {
  const [one, owner] = [encodeURIComponent(namespace), encodeURIComponent(name)];
  return `${SCALABLE[kind]}/namespaces/${one}/${kind}s/${owner}/scale`;
}

/** Reads how many replicas an autoscaling/v1 Scale asks for. Throws `Corrupt`. */
export function parseScale(text: string): number {
  const scale = fieldsOf(text);
  if (textAt(scale, 'kind') !== 'Scale') throw new Corrupt('an answer that is no Scale');
  // The API leaves a zero out.
  const replicas = numberAt(objectAt(scale, 'spec'), 'replicas') ?? 0;
  const sound = Number.isInteger(replicas) && replicas >= 0 && replicas <= MOST_EXPECTED;
  if (!sound) throw new Corrupt(`a Scale with ${replicas} replicas`);
  return replicas;
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (isFields(value)) return value;
  } catch {
    // The error below says that it is no Scale, whatever is wrong with the text.
  }
  throw new Corrupt('an answer that is no Scale');
}
