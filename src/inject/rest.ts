import { NAME } from './names.ts';
import { type Container, own, type Pod } from './pod.ts';
import { type Resource, unitsOf } from './quantity.ts';

type Kind = 'requests' | 'limits';

/** The pod without its sidecar, added up as LimitRanger does. */
export interface Rest {
  containers: readonly Container[];
  /** Returns the most that containers have at one time while the sidecar runs, to which its own amount is added. */
  beside(name: Resource, kind: Kind): number;
  /** Returns the most that containers have at one time before the sidecar runs: the pod has at least this. */
  alone(name: Resource, kind: Kind): number;
}

/** Returns the pod without its sidecar. A native one runs from the start, an ordinary one after the init containers. */
export function restOf({ spec }: Pod, native: boolean): Rest {
  const [main, inits] = [spec.containers, spec.initContainers ?? []].map((list) =>
    list.filter(({ name }) => name !== NAME),
  ) as [Container[], Container[]];
  const alone = (name: Resource, kind: Kind) => peak(inits, name, kind);
  const together = (name: Resource, kind: Kind) =>
    total([...main, ...inits.filter(goesOn)], (container) => amount(container, name, kind));
  return {
    containers: [...inits, ...main],
    beside: (name, kind) =>
      native ? Math.max(together(name, kind), alone(name, kind)) : together(name, kind),
    alone: (name, kind) => (native ? 0 : alone(name, kind)),
  };
}

/** Returns the most that the init containers have at one time: each runs beside those before it that go on. */
function peak(inits: readonly Container[], name: Resource, kind: Kind): number {
  let going = 0;
  let most = 0;
  for (const container of inits) {
    const own = amount(container, name, kind);
    most = Math.max(most, going + own);
    if (goesOn(container)) going += own;
  }
  return most;
}

function goesOn({ restartPolicy }: Container): boolean {
  return restartPolicy === 'Always';
}

function amount({ resources }: Container, name: Resource, kind: Kind): number {
  const given = own(resources?.[kind], name);
  // A request that is missing is taken from the limit.
  return unitsOf(name, given ?? own(resources?.limits, name)) ?? 0;
}

function total<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((sum, one) => sum + of(one), 0);
}
