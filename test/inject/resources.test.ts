import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LimitRangeItem, Pod, Resources } from '../../src/inject/pod.ts';
import { chooseResources } from '../../src/inject/resources.ts';
import { bound, containers, DEFAULTS, type Given, given, lacking } from './given-resources.ts';
import { askingPod, container, decided, INSTALL, plain, planned, pod, refusal } from './pods.ts';

// biome-ignore lint/suspicious/noExplicitAny: a container's fields are looked into freely here
type Any = any;

describe('without LimitRanges', () => {
  test('it is as the settings have it, in the words of the API server', () => {
    assert.equal(given({}), '10m-500m 48Mi-128Mi');
    const amounts = { cpuRequest: '0.1', cpuLimit: '1000m', memoryRequest: '65536Ki', memoryLimit: '1e8' };
    assert.equal(given({ amounts }), '100m-1 64Mi-100M');
  });

  test('no request is above its limit', () => {
    assert.equal(given({ amounts: { cpuRequest: '1' } }), '1-1 48Mi-128Mi');
    assert.equal(given({ amounts: { memoryRequest: '1Gi' } }), '10m-500m 1Gi-1Gi');
    assert.equal(given({ amounts: { cpuLimit: '5m', memoryLimit: '1Mi' } }), '10m-10m 48Mi-48Mi');
  });

  test('nothing finer than a thousandth of a core or a byte is asked for', () => {
    assert.equal(given({ amounts: { cpuRequest: '100u', cpuLimit: '0.0001' } }), '1m-1m 48Mi-128Mi');
  });
});

describe('a sidecar that is there, whose amounts somebody has changed', () => {
  const raised = (requests: object, limits: object, more: Given = {}) => {
    const found = { requests, limits } as Resources;
    return given({ ...more, found });
  };

  test('keeps what was raised, each resource by itself', () => {
    assert.equal(
      raised({ cpu: '50m', memory: '52Mi' }, { cpu: '500m', memory: '128Mi' }),
      '50m-500m 52Mi-128Mi',
    );
    assert.equal(
      raised({ cpu: '250m', memory: '512Mi' }, { cpu: '250m', memory: '512Mi' }),
      '250m-250m 512Mi-512Mi',
    );
    assert.equal(raised({ cpu: '50m', memory: '1Mi' }, { cpu: '50m', memory: '1Mi' }), '50m-50m 48Mi-128Mi');
  });

  test('keeps it as it is written', () => {
    assert.equal(
      raised({ cpu: '0.25', memory: '536870912' }, { cpu: '1', memory: '1e9' }),
      '0.25-1 536870912-1e9',
    );
  });

  test('keeps nothing that is lower, not whole or no quantity', () => {
    const usual = '10m-500m 48Mi-128Mi';
    assert.equal(raised({ cpu: '9m', memory: '47Mi' }, { cpu: '500m', memory: '128Mi' }), usual);
    assert.equal(raised({ cpu: '50m', memory: '64Mi' }, {}), usual);
    assert.equal(raised({}, { cpu: '1', memory: '1Gi' }), usual);
    assert.equal(raised({ cpu: '50m', memory: '64Mi' }, { cpu: '40m', memory: '63Mi' }), usual);
    assert.equal(raised({ cpu: 'x', memory: '-1' }, { cpu: 'y', memory: '1' }), usual);
  });

  test('keeps nothing that LimitRanges, the resources of the pod or its class do not allow', () => {
    const high: [object, object] = [
      { cpu: '2', memory: '2Gi' },
      { cpu: '2', memory: '2Gi' },
    ];
    const limits = [bound('Container', { max: { cpu: '1', memory: '1Gi' } })];
    assert.equal(raised(...high, { limits }), '10m-500m 48Mi-128Mi');
    const pod = containers([
      { cpu: '1', memory: '1Gi' },
      { cpu: '1', memory: '1Gi' },
    ]);
    assert.equal(
      raised({ cpu: '200m', memory: '256Mi' }, { cpu: '300m', memory: '256Mi' }, { pod }),
      '100m-100m 256Mi-256Mi',
    );
  });
});

describe('requests that are to be limits', () => {
  test('are so by wish, and where the pod goes to Fargate', () => {
    assert.equal(given({ amounts: { guaranteed: 'true' } }), '100m-100m 128Mi-128Mi');
    const fargate = pod(({ spec }) => {
      spec.schedulerName = 'fargate-scheduler';
    });
    assert.equal(given({ pod: fargate }), '100m-100m 128Mi-128Mi');
  });
});

describe('a pod of class Guaranteed', () => {
  const SAME: [object, object] = [
    { cpu: '1', memory: '1Gi' },
    { cpu: '1', memory: '1Gi' },
  ];

  test('stays so, with requests that are limits, and a smaller CPU than is allowed others', () => {
    assert.equal(given({ pod: containers(SAME) }), '100m-100m 128Mi-128Mi');
    assert.equal(given({ pod: containers([{}, SAME[1]]) }), '100m-100m 128Mi-128Mi');
    const written: [object, object] = [
      { cpu: '700m', memory: '1Gi' },
      { cpu: '0.7', memory: '1024Mi' },
    ];
    assert.equal(given({ pod: containers(SAME, written) }), '100m-100m 128Mi-128Mi');
  });

  test('gets the limits that are set', () => {
    const amounts = { cpuLimit: '200m', cpuLimitIsDefault: false, memoryLimit: '256Mi', cpuRequest: '50m' };
    assert.equal(given({ pod: containers(SAME), amounts }), '200m-200m 256Mi-256Mi');
  });

  const others: [what: string, pod: Pod][] = [
    ['a request below its limit', containers(SAME, [{ cpu: '0.5' }, SAME[1]])],
    ['a request of nothing', containers(SAME, [{ cpu: '0' }, SAME[1]])],
    ['a limit of nothing', containers([{}, { cpu: '0', memory: '1Gi' }])],
    ['no limit of memory', containers(SAME, [{ cpu: '1' }, { cpu: '1' }])],
    [
      'an init container without',
      pod(({ spec }) => {
        spec.containers = containers(SAME).spec.containers;
        spec.initContainers = [container('a')];
      }),
    ],
  ];
  for (const [what, one] of others) {
    test(`is none with ${what}`, () => assert.equal(given({ pod: one }), '10m-500m 48Mi-128Mi'));
  }
});

describe('resources of the pod as a whole', () => {
  const whole = (own: Resources) => pod(({ spec }) => Object.assign(spec, { resources: own }));

  test('leave room for the sidecar, which then names none of its own', () => {
    const both = whole({ requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } });
    assert.deepEqual(chooseResources(both, DEFAULTS, [], true), { resources: {}, shortages: [] });
    assert.equal(given({ pod: whole({ limits: { cpu: '1' } }) }), 'undefined-undefined 48Mi-128Mi');
    assert.equal(given({ pod: whole({ requests: { memory: '1Gi' } }) }), '10m-500m undefined-undefined');
  });

  test('of neither CPU nor memory change nothing', () => {
    assert.equal(given({ pod: whole({}) }), '10m-500m 48Mi-128Mi');
  });

  test('bound the request also where the server is still to derive the one of the pod', () => {
    const one = containers([{ cpu: '950m', memory: '900Mi' }, {}]);
    one.spec.resources = { limits: { cpu: '1', memory: '1Gi' } };
    const limits = [bound('Container', { default: { cpu: '100m', memory: '128Mi' } })];
    assert.equal(given({ pod: one, limits, amounts: { cpuRequest: '80m' } }), '50m-500m 48Mi-128Mi');
  });

  test('are not exceeded by the default that a LimitRange gives who names nothing', () => {
    const one = whole({ requests: { cpu: '200m', memory: '256Mi' }, limits: { cpu: '1', memory: '100Mi' } });
    one.spec.containers[0]!.resources = { requests: { cpu: '150m', memory: '200Mi' } };
    const limits = [bound('Container', { defaultRequest: { cpu: '100m', memory: '128Mi' } })];
    assert.equal(given({ pod: one, limits }), '10m-500m 48Mi-100Mi');
    one.spec.containers[0]!.resources = { requests: { cpu: '200m', memory: '256Mi' } };
    assert.equal(given({ pod: one, limits }), '0-500m 0-100Mi');
    const least = [bound('Container', { min: { memory: '32Mi' } })];
    assert.deepEqual(
      lacking({ pod: one, limits: least }).map(({ name }) => name),
      ['memory'],
    );
    assert.equal(
      given({ pod: one, limits: [bound('Pod', { max: { cpu: '9' } })] }),
      'undefined-undefined undefined-undefined',
    );
  });
});

describe('a LimitRange for containers', () => {
  const fits: [what: string, bounds: Omit<LimitRangeItem, 'type'>, expected: string][] = [
    ['max', { max: { cpu: '200m', memory: '64Mi' } }, '10m-200m 48Mi-64Mi'],
    ['a max that is no round number', { max: { memory: '100M' } }, '10m-500m 48Mi-100M'],
    ['a max above', { max: { cpu: '4', memory: '8Gi' } }, '10m-500m 48Mi-128Mi'],
    ['min', { min: { cpu: '100m', memory: '64Mi' } }, '100m-500m 64Mi-128Mi'],
    ['a min above the limit', { min: { cpu: '1', memory: '256Mi' } }, '1-1 256Mi-256Mi'],
    ['a ratio', { maxLimitRequestRatio: { cpu: '10', memory: '2' } }, '50m-500m 64Mi-128Mi'],
    ['a ratio of one', { maxLimitRequestRatio: { cpu: '1', memory: '1' } }, '500m-500m 128Mi-128Mi'],
    ['a ratio that does not come out even', { maxLimitRequestRatio: { cpu: '3' } }, '167m-500m 48Mi-128Mi'],
    [
      'all three',
      { min: { cpu: '20m' }, max: { cpu: '90m' }, maxLimitRequestRatio: { cpu: '2' } },
      '45m-90m 48Mi-128Mi',
    ],
    ['other resources', { max: { 'ephemeral-storage': '1Gi' } }, '10m-500m 48Mi-128Mi'],
    [
      'names that all objects inherit',
      { max: JSON.parse('{"__proto__":"1","constructor":"1"}') },
      '10m-500m 48Mi-128Mi',
    ],
  ];
  for (const [what, bounds, expected] of fits) {
    test(`fits the sidecar to ${what}`, () => {
      assert.equal(given({ limits: [bound('Container', bounds)] }), expected);
    });
  }

  test('counts with all others, and those for other things do not', () => {
    const limits = [
      bound('Container', { max: { cpu: '300m' } }),
      bound('Container', { max: { cpu: '200m' } }),
      bound('PersistentVolumeClaim', { max: { cpu: '1m' } }),
    ];
    assert.equal(given({ limits }), '10m-200m 48Mi-128Mi');
  });

  test('with too little for the sidecar is a reason to leave the pod out', () => {
    for (const bounds of [
      { max: { cpu: '9m' } },
      { max: { memory: '40Mi' } },
      { min: { cpu: '2' }, max: { cpu: '1' } },
    ]) {
      const [shortage, ...more] = lacking({ limits: [bound('Container', bounds)] });
      assert.ok(shortage!.left < shortage!.needed && more.length === 0);
      const [, code, sentence] = refusal(
        decided(askingPod(), { ...plain, limits: [bound('Container', bounds)] }),
      );
      assert.equal(code, 'limit-range');
      assert.match(
        sentence,
        /^the LimitRanges of the namespace, or the resources of the pod, leave the sidecar \S+ of (cpu|memory), and it needs \S+; raise/,
      );
    }
  });

  test('with little is enough for who asks for less', () => {
    const limits = [bound('Container', { max: { memory: '40Mi' } })];
    const amounts = { memoryRequest: '32Mi', memoryLimit: '40Mi' };
    assert.equal(given({ limits, amounts }), '10m-500m 32Mi-40Mi');
  });
});

test('resources of a pod as a whole count only where the server keeps them', () => {
  const whole = pod(({ spec }) => {
    spec.resources = { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } };
  });
  const on = (podResources: boolean) =>
    planned(whole, {}, { install: { ...INSTALL, podResources } }).sidecar.resources;
  assert.deepEqual(on(true), {});
  assert.deepEqual(on(false), planned().sidecar.resources);
});

test('a quota finds requests and limits for cpu and memory', () => {
  const { requests, limits } = planned().sidecar.resources as Any;
  for (const amounts of [requests, limits]) {
    assert.match(amounts.cpu, /^[1-9]\d*m$/);
    assert.match(amounts.memory, /^[1-9]\d*Mi$/);
  }
});
