import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Container, Pod, Resources } from '../../src/inject/pod.ts';
import { chooseResources } from '../../src/inject/resources.ts';
import { limitRanges, podsWithResources, settings } from './arbitrary-resources.ts';
import { bound, containers, type Given, given, lacking } from './given-resources.ts';
import { limitRangerFaults } from './limit-ranger.ts';
import { container } from './pods.ts';
import { SEED } from './seed.ts';

describe('a LimitRange for pods', () => {
  const APP: [object, object] = [
    { cpu: '1', memory: '1Gi' },
    { cpu: '1', memory: '1Gi' },
  ];
  const max = (cpu: string) => [bound('Pod', { max: { cpu } })];
  const init = (cpu: string, restartPolicy?: string): Container =>
    container('init', {
      resources: { limits: { cpu } },
      ...(restartPolicy === undefined ? {} : { restartPolicy }),
    });
  const withInit = (...inits: Container[]) => {
    const made = containers([{}, { cpu: '1' }]);
    made.spec.initContainers = inits;
    return made;
  };

  const fits: [what: string, given: Given, cpu: string][] = [
    ['what the others leave', { pod: containers([{}, { cpu: '1' }]), limits: max('1200m') }, '10m-200m'],
    [
      'no sum with init containers, which have ended',
      { pod: withInit(init('900m')), limits: max('1200m') },
      '10m-200m',
    ],
    [
      'an init container with more than the rest',
      { pod: withInit(init('1100m')), limits: max('1200m') },
      '10m-100m',
    ],
    ['a sidecar among the rest', { pod: withInit(init('100m', 'Always')), limits: max('1200m') }, '10m-100m'],
    [
      'an init container beside a sidecar',
      { pod: withInit(init('100m', 'Always'), init('1100m')), limits: max('1300m') },
      '10m-100m',
    ],
    [
      'an init container before a sidecar',
      { pod: withInit(init('1'), init('100m', 'Always')), limits: max('1200m') },
      '10m-100m',
    ],
    [
      'an ordinary one, which no init container runs beside',
      { pod: withInit(init('1200m')), limits: max('1200m'), native: false },
      '10m-200m',
    ],
    [
      'a min that nobody else has limits for',
      { pod: containers([{ cpu: '2' }, {}]), limits: [bound('Pod', { min: { cpu: '2' } })] },
      '10m-2',
    ],
    [
      'a min that others keep',
      { pod: containers(APP), limits: [bound('Pod', { min: { cpu: '1' } })] },
      '100m-100m',
    ],
    [
      'the ratio of the whole pod',
      {
        pod: containers([{ cpu: '500m' }, { cpu: '1' }]),
        limits: [bound('Pod', { maxLimitRequestRatio: { cpu: '2' } })],
      },
      '250m-500m',
    ],
    [
      'a ratio with room to spare',
      {
        pod: containers([{ cpu: '1' }, { cpu: '1' }]),
        limits: [bound('Pod', { maxLimitRequestRatio: { cpu: '2' } })],
      },
      '10m-500m',
    ],
    [
      'requests of who has no limits',
      { pod: containers([{ cpu: '995m' }, {}]), limits: max('1') },
      '5m-500m',
    ],
  ];
  for (const [what, one, cpu] of fits) {
    test(`fits the sidecar to ${what}`, () => assert.equal(given(one).split(' ')[0], cpu));
  }

  test('takes a request that a container makes without a limit into account', () => {
    const one = containers([{ cpu: '500m' }, {}]);
    assert.equal(lacking({ pod: one, limits: [bound('Pod', { max: { cpu: '500m' } })] }).length, 1);
  });

  test('with no room left is a reason to leave the pod out', () => {
    for (const cpu of ['1', '1009m', '500m']) {
      assert.equal(lacking({ pod: containers([{}, { cpu: '1' }]), limits: max(cpu) }).length, 1, cpu);
    }
  });

  test('counts the sidecar that a pod has already once', () => {
    const first = containers([{}, { cpu: '1' }]);
    const second = structuredClone(first);
    second.spec.initContainers = [
      { name: 'rollcall', resources: { limits: { cpu: '200m' } }, restartPolicy: 'Always' },
    ];
    const limits = max('1200m');
    assert.equal(given({ pod: second, limits }), given({ pod: first, limits }));
  });
});

test('whatever LimitRanges there are, a pod that keeps them keeps them with the sidecar, or is left out', () => {
  const seen = { kept: 0, refused: 0, broken: 0 };
  fc.assert(
    fc.property(podsWithResources, limitRanges, settings, fc.boolean(), (of, limits, amounts, native) => {
      if (limitRangerFaults(of, limits).length > 0) {
        seen.broken += 1;
        return;
      }
      const own = enough(chooseResources(of, amounts, limits, native));
      if (own === undefined) {
        seen.refused += 1;
        return;
      }
      seen.kept += 1;
      assert.deepEqual(limitRangerFaults(withSidecar(of, own, native), limits), []);
    }),
    { numRuns: 6000, seed: SEED },
  );
  assert.ok(seen.kept > 1000 && seen.refused > 50, JSON.stringify(seen));
});

test('whatever the settings, nothing is requested above its limit, and nothing is nothing', () => {
  fc.assert(
    fc.property(podsWithResources, limitRanges, settings, fc.boolean(), (of, limits, amounts, native) => {
      const own = enough(chooseResources(of, amounts, limits, native));
      if (own === undefined) return;
      const items = [bound('Container', { min: { cpu: '1m', memory: '1' }, max: own.limits! })];
      assert.deepEqual(limitRangerFaults(withSidecar({ spec: { containers: [] } }, own, true), items), []);
    }),
    { numRuns: 1000, seed: SEED },
  );
});

/** Returns the resources unless something is lacking. */
function enough({ resources, shortages }: ReturnType<typeof chooseResources>): Resources | undefined {
  return shortages.length === 0 ? resources : undefined;
}

function withSidecar({ spec }: Pod, own: Resources, native: boolean): Pod {
  const { containers: main, initContainers = [] } = spec;
  const sidecar: Container = { name: 'rollcall', resources: own };
  return {
    spec: native
      ? { containers: main, initContainers: [{ ...sidecar, restartPolicy: 'Always' }, ...initContainers] }
      : { containers: [sidecar, ...main], initContainers },
  };
}
