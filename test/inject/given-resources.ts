/** The resources of a sidecar, in few words. */
import assert from 'node:assert/strict';
import type { LimitRangeItem, Pod, Resources } from '../../src/inject/pod.ts';
import { type Amounts, chooseResources, type Shortage } from '../../src/inject/resources.ts';
import { container, pod } from './pods.ts';

export const DEFAULTS: Amounts = {
  cpuRequest: '10m',
  cpuLimit: '500m',
  memoryRequest: '48Mi',
  memoryLimit: '128Mi',
  cpuLimitIsDefault: true,
  guaranteed: 'auto',
};

export interface Given {
  amounts?: Partial<Amounts>;
  limits?: LimitRangeItem[];
  pod?: Pod;
  native?: boolean;
  /** The resources of the sidecar that is there. */
  found?: Resources;
}

function chosen({ amounts = {}, limits = [], pod: of = pod(), native = true, found }: Given) {
  return chooseResources(of, { ...DEFAULTS, ...amounts }, limits, native, found);
}

/** Returns what a sidecar lacks. */
export function lacking(some: Given): Shortage[] {
  return chosen(some).shortages;
}

/** Returns the resources of a sidecar that lacks nothing, as "request-limit" of CPU and memory. */
export function given(some: Given): string {
  const { resources, shortages } = chosen(some);
  assert.deepEqual(shortages, []);
  const { requests, limits: limited } = resources;
  return ['cpu', 'memory'].map((name) => `${requests?.[name]}-${limited?.[name]}`).join(' ');
}

export const containers = (...all: [requests: object, limits: object][]) =>
  pod(({ spec }) => {
    spec.containers = all.map(([requests, limits], index) =>
      container(`app-${index}`, { resources: { requests, limits } as Resources }),
    );
  });
export const bound = (type: string, bounds: Omit<LimitRangeItem, 'type'>): LimitRangeItem => ({
  type,
  ...bounds,
});
