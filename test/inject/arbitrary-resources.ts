/** Resources of containers and LimitRanges, near enough to each other to matter. */
import fc from 'fast-check';
import type { Container, LimitRangeItem, Pod, Resources } from '../../src/inject/pod.ts';
import type { Amounts } from '../../src/inject/resources.ts';

const cpu = fc.oneof(
  fc.constantFrom('1', '2', '0.5', '100m', '250m', '10m'),
  fc.integer({ min: 1, max: 2500 }).map((n) => `${n}m`),
);
const memory = fc.oneof(
  fc.constantFrom('64Mi', '128Mi', '1Gi', '100M', '200M', '48Mi'),
  fc.integer({ min: 1, max: 400_000 }).map((n) => `${n}k`),
  fc.integer({ min: 1, max: 400_000_000 }).map((n) => `${n}`),
);
const ratio = fc.oneof(
  fc.constantFrom('1', '2', '10', '1.5'),
  fc.integer({ min: 1000, max: 30_000 }).map((n) => `${n / 1000}`),
);
const large = {
  cpu: fc.constantFrom('2', '4', '2500m', '1001m'),
  memory: fc.constantFrom('1Gi', '2Gi', '300M', '1000001k'),
};

/** About what the sidecar needs. */
const tight = {
  cpu: fc.integer({ min: 2, max: 30 }).map((n) => `${n}m`),
  memory: fc.integer({ min: 30, max: 80 }).map((n) => `${n}Mi`),
};
const TINY = { cpu: '1m', memory: '1Mi' };

const amounts = fc.record({ cpu, memory }, { requiredKeys: [] });

/** Resources as an API server shows them: a request for every limit, and none above it. */
const containerResources: fc.Arbitrary<Resources> = fc.oneof(
  amounts.map((limits) => ({ limits, requests: { ...limits } })),
  fc
    .record({
      requests: fc.constantFrom({}, { cpu: '10m' }, { cpu: '10m', memory: '16M' }),
      limits: fc.record(large),
    })
    .map(({ requests, limits }) => ({ limits, requests: { ...limits, ...requests } })),
  amounts.map((requests) => ({ requests })),
  fc.constant({}),
);

const named = (
  prefix: string,
  restartPolicies: (string | undefined)[],
  minLength: number,
  resourcesOf = containerResources,
): fc.Arbitrary<Container[]> =>
  fc
    .array(fc.tuple(resourcesOf, fc.constantFrom(...restartPolicies)), { minLength, maxLength: 3 })
    .map((all) =>
      all.map(([resources, restartPolicy], index) => ({
        name: `${prefix}-${index}`,
        resources,
        ...(restartPolicy === undefined ? {} : { restartPolicy }),
      })),
    );

const podsOf = (resourcesOf: fc.Arbitrary<Resources>): fc.Arbitrary<Pod> =>
  fc
    .record({
      containers: named('app', [undefined], 1, resourcesOf),
      initContainers: named('init', [undefined, 'Always'], 0, resourcesOf),
    })
    .map((spec) => ({ spec }));

/** Pods with resources, some of them so small that they keep bounds which the sidecar does not. */
export const podsWithResources: fc.Arbitrary<Pod> = fc.oneof(
  podsOf(containerResources),
  podsOf(fc.constant({ limits: TINY, requests: TINY })),
);

/** Bounds that most pods keep. */
export const limitRanges: fc.Arbitrary<LimitRangeItem[]> = fc.array(
  fc.oneof(
    fc.record({
      type: fc.constant('Container'),
      ...optional({
        min: amounts,
        max: fc.oneof(fc.record(large), fc.record(tight), amounts),
        maxLimitRequestRatio: fc.record({ cpu: ratio, memory: ratio }, { requiredKeys: [] }),
      }),
    }),
    fc.record({
      type: fc.constant('Pod'),
      ...optional({
        min: amounts,
        max: fc.oneof(
          fc.record({
            cpu: fc.constantFrom('3', '6', '4010m', '2011m'),
            memory: fc.constantFrom('4Gi', '1201M'),
          }),
          fc.record(tight),
          amounts,
        ),
        maxLimitRequestRatio: fc.record({ cpu: ratio, memory: ratio }, { requiredKeys: [] }),
      }),
    }),
  ),
  { maxLength: 2 },
);

/** Makes each field present in one of two cases, and empty otherwise. */
function optional<T extends Record<string, fc.Arbitrary<Record<string, string>>>>(all: T): T {
  return Object.fromEntries(
    Object.entries(all).map(([name, one]) => [
      name,
      fc.oneof(fc.constant({} as Record<string, string>), one),
    ]),
  ) as T;
}

export const settings: fc.Arbitrary<Amounts> = fc.record({
  cpuRequest: fc.oneof(fc.constant('10m'), cpu),
  cpuLimit: fc.oneof(fc.constant('500m'), cpu),
  memoryRequest: fc.oneof(fc.constant('48Mi'), memory),
  memoryLimit: fc.oneof(fc.constant('128Mi'), memory),
  cpuLimitIsDefault: fc.boolean(),
  guaranteed: fc.constantFrom('auto', 'true'),
});
