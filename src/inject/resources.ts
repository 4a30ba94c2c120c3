import { type LimitRangeItem, own, type Pod, type Resources } from './pod.ts';
import { Problem } from './problem.ts';
import { amountOf, type Resource, unitsOf, written } from './quantity.ts';
import { type Rest, restOf } from './rest.ts';

/** Requests and limits of the sidecar as the settings have them. */
export interface Amounts {
  cpuRequest: string;
  cpuLimit: string;
  memoryRequest: string;
  memoryLimit: string;
  /** Nobody has set the limit: another will do as well. */
  cpuLimitIsDefault: boolean;
}

/**
 * With less memory Node does not start, or is ended when the group grows; with less CPU its probes
 * fail. In thousandths of a core and in bytes, as all numbers below.
 */
const LEAST = { cpu: 10, memory: 48 * 2 ** 20 };
/** A pod of class Guaranteed reserves what its limits are. */
const GUARANTEED_CPU = '100m';

const NAMES = ['cpu', 'memory'] as const;

/**
 * What the sidecar of this pod requests and is limited to. A quota wants both named; a LimitRange
 * bounds them, for each container and for the pod; a pod of class Guaranteed stays so; and a pod that
 * has resources as a whole has room for its containers there. Throws a `Problem` when too little is left.
 */
export function resources(
  pod: Pod,
  amounts: Amounts,
  items: readonly LimitRangeItem[],
  native: boolean,
): Resources {
  const rest = restOf(pod, native);
  const guaranteed = isGuaranteed(pod, rest);
  const cpuLimit = guaranteed && amounts.cpuLimitIsDefault ? GUARANTEED_CPU : amounts.cpuLimit;
  const wanted = {
    cpu: { request: guaranteed ? cpuLimit : amounts.cpuRequest, limit: cpuLimit },
    memory: { request: guaranteed ? amounts.memoryLimit : amounts.memoryRequest, limit: amounts.memoryLimit },
  };
  const requests: Record<string, string> = {};
  const limits: Record<string, string> = {};
  for (const name of NAMES) {
    if (isOfPod(pod, name) && !isFilledIn(name, items)) continue;
    const bounds = boundsOf(name, items, rest, pod.spec.resources);
    const { request, limit } = fitted(name, wanted[name], bounds, guaranteed, isOfPod(pod, name));
    requests[name] = written(name, request);
    limits[name] = written(name, limit);
  }
  return Object.keys(limits).length === 0 ? {} : { requests, limits };
}

/** What the LimitRanges let the sidecar have beside the rest of the pod, as LimitRanger adds it up. */
interface Bounds {
  mostLimit: number;
  leastLimit: number;
  mostRequest: number;
  /** With this limit. */
  leastRequest(limit: number): number;
}

const NO_BOUNDS: Bounds = {
  mostLimit: Number.POSITIVE_INFINITY,
  leastLimit: 0,
  mostRequest: Number.POSITIVE_INFINITY,
  leastRequest: () => 0,
};

function boundsOf(
  name: Resource,
  items: readonly LimitRangeItem[],
  rest: Rest,
  ofPod: Resources | undefined,
): Bounds {
  // Then what the other containers have is of no concern.
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
    // Of a pod without limits, the sidecar's are all there are.
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

/** Infinity when there are none. Math.min takes no list that is longer than the stack is deep. */
function smallest(amounts: readonly number[]): number {
  return amounts.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY);
}

/** 0 when there are none. */
function largest(amounts: readonly number[]): number {
  return amounts.reduce((most, one) => Math.max(most, one), 0);
}

function fitted(
  name: Resource,
  wanted: { request: string; limit: string },
  bounds: Bounds,
  guaranteed: boolean,
  shared: boolean,
): { request: number; limit: number } {
  const asked = { request: unitsOf(name, wanted.request)!, limit: unitsOf(name, wanted.limit)! };
  const { mostLimit, leastLimit, mostRequest } = bounds;
  const limit = Math.min(Math.max(asked.limit, leastLimit, asked.request), mostLimit);
  const least = Math.max(Math.min(LEAST[name], asked.limit), leastLimit);
  const most = Math.min(limit, mostRequest);
  const request = guaranteed ? limit : Math.min(Math.max(asked.request, bounds.leastRequest(limit)), most);
  // Who shares what the pod has needs no part of its own.
  const leastRequest = Math.max(shared ? 0 : 1, bounds.leastRequest(limit));
  if (limit < least || request < leastRequest || request > most) {
    const [left, needed] = [Math.max(0, Math.min(limit, most)), Math.max(LEAST[name], least, leastRequest)];
    throw new Problem(
      'limit-range',
      'the LimitRanges of the namespace, or the resources of the pod, leave the sidecar ' +
        `${written(name, left)} of ${name}, and it needs ${written(name, needed)}; raise them, or leave the pod out`,
    );
  }
  return { request, limit };
}

function isOfPod({ spec }: Pod, name: Resource): boolean {
  return own(spec.resources?.limits, name) !== undefined || own(spec.resources?.requests, name) !== undefined;
}

function ofPodAsAWhole(name: Resource, amounts: Resources['limits']): number {
  return unitsOf(name, own(amounts, name)) ?? Number.POSITIVE_INFINITY;
}

/**
 * Whether LimitRanger gives a container that names nothing a default, which is for the whole pod more than
 * it may have left. Where an item has a bound, the API server makes a default of it.
 */
function isFilledIn(name: Resource, items: readonly LimitRangeItem[]): boolean {
  return items.some(
    (item) =>
      item.type === 'Container' &&
      [item.min, item.max, item.default, item.defaultRequest].some(
        (amounts) => own(amounts, name) !== undefined,
      ),
  );
}

/** Every container has limits for CPU and memory, and requests that are the same or missing. */
function isGuaranteed(pod: Pod, { containers }: Rest): boolean {
  if (pod.spec.resources !== undefined) return false;
  return containers.every(({ resources: one }) =>
    NAMES.every((name) => {
      const limit = unitsOf(name, own(one?.limits, name));
      const request = own(one?.requests, name);
      return limit !== undefined && limit > 0 && (request === undefined || unitsOf(name, request) === limit);
    }),
  );
}
