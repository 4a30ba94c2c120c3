/** The resources of a sidecar, in few words. */
import type { LimitRangeItem, Pod, Resources } from '../../src/inject/pod.ts';
import { type Amounts, resources } from '../../src/inject/resources.ts';
import { container, pod } from './pods.ts';

export const DEFAULTS: Amounts = {
  cpuRequest: '10m',
  cpuLimit: '500m',
  memoryRequest: '48Mi',
  memoryLimit: '128Mi',
  cpuLimitIsDefault: true,
};

export interface Given {
  amounts?: Partial<Amounts>;
  limits?: LimitRangeItem[];
  pod?: Pod;
  native?: boolean;
}

/** As "request-limit" of CPU and memory. */
export function given({ amounts = {}, limits = [], pod: of = pod(), native = true }: Given): string {
  const { requests, limits: limited } = resources(of, { ...DEFAULTS, ...amounts }, limits, native);
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
