/** The bounds that the LimitRanges of a namespace, and the resources of a pod as a whole, put on its sidecar. */
import { type LimitRangeItem, own, type Resources } from './pod.ts';
import { amountOf, type Resource, unitsOf } from './quantity.ts';
import type { Rest } from './rest.ts';

/** The bounds on the sidecar beside the rest of the pod, by the sums of LimitRanger. */
export interface Bounds {
  mostLimit: number;
  leastLimit: number;
  mostRequest: number;
  /** The least request of a sidecar that has this limit. */
  leastRequest(limit: number): number;
}

const NO_BOUNDS: Bounds = {
  mostLimit: Number.POSITIVE_INFINITY,
  leastLimit: 0,
  mostRequest: Number.POSITIVE_INFINITY,
  leastRequest: () => 0,
};

export function boundsOf(
  name: Resource,
  items: readonly LimitRangeItem[],
  rest: Rest,
  ofPod: Resources | undefined,
): Bounds {
  // The sums below are needed only where there is a bound.
  if (items.length === 0 && ofPod === undefined) return NO_BOUNDS;
  const { limits: whole, requests: shared } = ofPod ?? {};
  const of = (type: string, bound: 'min' | 'max') =>
    items.flatMap((item) => (item.type === type ? (unitsOf(name, own(item[bound], name)) ?? []) : []));
  const ratio = (type: string) =>
    smallest(
      items.flatMap((item) =>
        item.type === type ? (amountOf(own(item.maxLimitRequestRatio, name)) ?? []) : [],
      ),
    );
  const [limits, requests] = [rest.beside(name, 'limits'), rest.beside(name, 'requests')];
  const [aloneLimits, aloneRequests] = [rest.alone(name, 'limits'), rest.alone(name, 'requests')];
  const least = largest(of('Container', 'min'));
  const podMin = largest(of('Pod', 'min'));
  const podMax = smallest(of('Pod', 'max'));
  return {
    mostLimit: Math.min(smallest(of('Container', 'max')), podMax - limits, ofPodAsAWhole(name, whole)),
    // In a pod without limits, those of the sidecar are the only ones.
    leastLimit: Math.max(least, aloneLimits < podMin ? podMin - limits : 0),
    // A request of the pod that is missing is what its containers add up to, and may not pass its limit.
    mostRequest: Math.min(podMax, ofPodAsAWhole(name, { ...whole, ...shared })) - requests,
    leastRequest(limit) {
      const ofPod = Math.max(limit + limits, aloneLimits) / ratio('Pod');
      return Math.ceil(
        Math.max(least, limit / ratio('Container'), aloneRequests < ofPod ? ofPod - requests : 0),
      );
    },
  };
}

/** Returns Infinity when there are none. Math.min takes no list that is longer than the stack is deep. */
function smallest(amounts: readonly number[]): number {
  return amounts.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY);
}

/** Returns 0 when there are none. */
function largest(amounts: readonly number[]): number {
  return amounts.reduce((most, one) => Math.max(most, one), 0);
}

function ofPodAsAWhole(name: Resource, amounts: Resources['limits']): number {
  return unitsOf(name, own(amounts, name)) ?? Number.POSITIVE_INFINITY;
}

/**
 * Tells whether LimitRanger gives a container that names nothing a default, which is for the whole pod more than
 * it may have left. Where an item has a bound, the API server makes a default of it.
 */
export function isFilledIn(name: Resource, items: readonly LimitRangeItem[]): boolean {
  return items.some(
    (item) =>
      item.type === 'Container' &&
      [item.min, item.max, item.default, item.defaultRequest].some(
        (amounts) => own(amounts, name) !== undefined,
      ),
  );
}
