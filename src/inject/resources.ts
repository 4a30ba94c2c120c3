/** The requests and limits of the sidecar, and the warnings where they are not those that were asked for. */
import { keys } from './annotations.ts';
import { reason, type Warning, warning } from './codes.ts';
import { type Bounds, boundsOf, isFilledIn } from './limit-ranges.ts';
import type { Options } from './options.ts';
import type { Plan } from './plan.ts';
import { type LimitRangeItem, own, type Pod, type Resources } from './pod.ts';
import { type Resource, unitsOf, written } from './quantity.ts';
import { type Rest, restOf } from './rest.ts';
import type { Rule } from './rule.ts';
import { shown } from './shown.ts';

/** Requests and limits of the sidecar as the settings have them. */
export interface Amounts {
  cpuRequest: string;
  cpuLimit: string;
  memoryRequest: string;
  memoryLimit: string;
  /** Whether nobody has set the limit, so that another one may take its place. */
  cpuLimitIsDefault: boolean;
  /** `true` makes the requests the limits in every pod, as in a pod of class Guaranteed. */
  guaranteed: 'auto' | 'true';
}

/**
 * The least amounts, in thousandths of a core and in bytes, as all numbers below. With less memory Node does not
 * start, or is ended when the group grows; with less CPU its probes fail.
 */
const LEAST = { cpu: 10, memory: 48 * 2 ** 20 };
/** The scheduler that EKS has put on a pod by the time we see it, where the pod goes to Fargate. */
const FARGATE_SCHEDULER = 'fargate-scheduler';
/** A pod of class Guaranteed reserves what its limits are. */
const GUARANTEED_CPU = '100m';

const NAMES = ['cpu', 'memory'] as const;

/** The part of a plan that is about resources. */
export interface ResourcePlan {
  /** The resources of which too little is left for a sidecar. A plan with one is never carried out. */
  shortages: Shortage[];
}

/** A resource of which the sidecar can't have what it needs, in thousandths of a core or in bytes. */
export interface Shortage {
  name: Resource;
  left: number;
  needed: number;
}

/**
 * Chooses what the sidecar of this pod requests and is limited to. A quota wants both named; a LimitRange
 * bounds them, for each container and for the pod; a pod of class Guaranteed stays so; and a pod that
 * has resources as a whole has room for its containers there. What a platform has raised of a sidecar that is
 * there stays, as far as all of that allows.
 */
export function chooseResources(
  pod: Pod,
  amounts: Amounts,
  items: readonly LimitRangeItem[],
  native: boolean,
  found?: Resources,
): ResourcePlan & { resources: Resources } {
  const rest = restOf(pod, native);
  const guaranteed = amounts.guaranteed === 'true' || goesToFargate(pod) || isGuaranteed(pod, rest);
  const cpuLimit = guaranteed && amounts.cpuLimitIsDefault ? GUARANTEED_CPU : amounts.cpuLimit;
  const wanted = {
    cpu: { request: guaranteed ? cpuLimit : amounts.cpuRequest, limit: cpuLimit },
    memory: { request: guaranteed ? amounts.memoryLimit : amounts.memoryRequest, limit: amounts.memoryLimit },
  };
  const requests: Record<string, string> = {};
  const limits: Record<string, string> = {};
  const shortages: Shortage[] = [];
  for (const name of NAMES) {
    if (isOfPod(pod, name) && !isFilledIn(name, items)) continue;
    const bounds = boundsOf(name, items, rest, pod.spec.resources);
    const { request, limit, shortage } = fitted(name, wanted[name], bounds, guaranteed, isOfPod(pod, name));
    if (shortage !== undefined) shortages.push(shortage);
    const raised =
      found !== undefined &&
      isRaised(name, found, { request, limit }) &&
      isWithin(name, found, bounds, guaranteed);
    requests[name] = raised ? found.requests![name]! : written(name, request);
    limits[name] = raised ? found.limits![name]! : written(name, limit);
  }
  return { resources: Object.keys(limits).length === 0 ? {} : { requests, limits }, shortages };
}

function fitted(
  name: Resource,
  wanted: { request: string; limit: string },
  bounds: Bounds,
  guaranteed: boolean,
  shared: boolean,
): { request: number; limit: number; shortage?: Shortage } {
  const asked = { request: unitsOf(name, wanted.request)!, limit: unitsOf(name, wanted.limit)! };
  const { mostLimit, leastLimit, mostRequest } = bounds;
  const limit = Math.min(Math.max(asked.limit, leastLimit, asked.request), mostLimit);
  const least = Math.max(Math.min(LEAST[name], asked.limit), leastLimit);
  const most = Math.min(limit, mostRequest);
  const request = guaranteed ? limit : Math.min(Math.max(asked.request, bounds.leastRequest(limit)), most);
  // A sidecar that shares the resources of the pod as a whole needs no request of its own.
  const leastRequest = Math.max(shared ? 0 : 1, bounds.leastRequest(limit));
  const isEnough = limit >= least && request >= leastRequest && request <= most;
  if (isEnough) return { request, limit };
  const left = Math.max(0, Math.min(limit, most));
  return { request, limit, shortage: { name, left, needed: Math.max(LEAST[name], least, leastRequest) } };
}

/**
 * Tells whether the sidecar in the pod requests more than is planned, or has another limit that is not below its
 * request.
 */
function isRaised(name: Resource, found: Resources, planned: { request: number; limit: number }): boolean {
  const [request, limit] = amountsOf(name, found);
  const isOther = request !== planned.request || limit !== planned.limit;
  return isOther && request >= planned.request && limit >= request;
}

function isWithin(name: Resource, found: Resources, bounds: Bounds, guaranteed: boolean): boolean {
  const [request, limit] = amountsOf(name, found);
  if (guaranteed && request !== limit) return false;
  const { mostLimit, leastLimit, mostRequest } = bounds;
  return (
    limit <= mostLimit &&
    limit >= leastLimit &&
    request <= mostRequest &&
    request >= bounds.leastRequest(limit)
  );
}

/** Returns the request and the limit; NaN, which compares with nothing, for what is not there or is no quantity. */
function amountsOf(name: Resource, { requests, limits }: Resources): [request: number, limit: number] {
  return [unitsOf(name, own(requests, name)) ?? Number.NaN, unitsOf(name, own(limits, name)) ?? Number.NaN];
}

/** Tells whether the pod goes to Fargate, whose pods are all of class Guaranteed: they pay for what they request. */
function goesToFargate({ spec }: Pod): boolean {
  return spec.schedulerName === FARGATE_SCHEDULER;
}

function isOfPod({ spec }: Pod, name: Resource): boolean {
  return own(spec.resources?.limits, name) !== undefined || own(spec.resources?.requests, name) !== undefined;
}

/** Tells whether every container has limits for CPU and memory, and requests that are the same or missing. */
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

/** The rule that the sidecar gets what it needs to run. */
export const tooLittle: Rule = {
  needs: [keys.cpuRequest, keys.cpuLimit, keys.memoryRequest, keys.memoryLimit, keys.nativeSidecar],
  faults: ({ plan: { shortages } }) =>
    shortages.map(({ name, left, needed }) =>
      reason(
        'limit-range',
        'the LimitRanges of the namespace, or the resources of the pod, leave the sidecar ' +
          `${written(name, left)} of ${name}, and it needs ${written(name, needed)}; raise them, or leave the pod out`,
      ),
    ),
};

/** A quantity that was asked for, and what the sidecar has in its place; undefined where it has none. */
export interface Counted {
  key: string;
  asked: string;
  counts: string | undefined;
}

const ROWS = [
  [keys.cpuRequest.key, 'cpuRequest', 'requests', 'cpu'],
  [keys.cpuLimit.key, 'cpuLimit', 'limits', 'cpu'],
  [keys.memoryRequest.key, 'memoryRequest', 'requests', 'memory'],
  [keys.memoryLimit.key, 'memoryLimit', 'limits', 'memory'],
] as const satisfies readonly (readonly [
  string,
  keyof Options['amounts'],
  'requests' | 'limits',
  Resource,
])[];

/**
 * Returns the quantities that are not what was asked for: a limit below the request is raised to it, LimitRanges and
 * the class of the pod change others.
 */
export function countedOtherwise({ amounts }: Options, { sidecar }: Plan): Counted[] {
  return ROWS.map(([key, name, list, resource]) => ({
    key,
    asked: amounts[name],
    counts: own(sidecar.resources?.[list], resource),
    resource,
  }))
    .filter(({ asked, counts, resource }) => unitsOf(resource, asked) !== unitsOf(resource, counts))
    .map(({ key, asked, counts }) => ({ key, asked, counts }));
}

/** Returns the end of a sentence: `counts as 48Mi`. */
export function countsAs({ counts }: Counted): string {
  return counts === undefined
    ? 'does not count, since the pod has resources as a whole'
    : `counts as ${counts}`;
}

/** Warns of what the pod asks for, and the sidecar gets otherwise. */
export function amountWarnings({ metadata }: Pod, plan: Plan, options: Options): Warning[] {
  return countedOtherwise(options, plan)
    .filter(({ key }) => own(metadata?.annotations, key) !== undefined)
    .map((one) => warning('amounts', `annotation ${one.key}: "${shown(one.asked)}" ${countsAs(one)}`));
}
