import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import type { Code, Reason } from '../../src/inject/codes.ts';
import type { Context } from '../../src/inject/inject.ts';
import { PORT } from '../../src/inject/names.ts';
import type { Namespace, Pod } from '../../src/inject/pod.ts';
import { annotate, askingPod, codesOf, container, decided, INSTALL, labelled, plain } from './pods.ts';

/** One fault: what is done to a pod that is fine, or around it, and what the author is told. */
interface Fault {
  code: Code;
  in(made: Pod): void;
  limits?: Namespace['limits'];
  install?: Partial<Context['install']>;
}

const WORDS = { [keys.nativeSidecar.key]: 'false', [keys.onStart.key]: '/start' };

/** Faults that have nothing to do with each other, in the order in which they are told. */
const FAULTS: Record<string, Fault> = {
  'a number that is none': { code: 'bad-value', in: annotate({ [keys.waitFor.key]: 'three' }) },
  'a time that is none': { code: 'bad-value', in: annotate({ [keys.waitTimeout.key]: 'soon' }) },
  'an end that needs to read pods': {
    code: 'pod-access',
    in: ({ spec }) => {
      spec.restartPolicy = 'Never';
    },
  },
  'no shell for a command': { code: 'no-shell-image', in: () => {}, install: { shellImage: undefined } },
  'too little memory': {
    code: 'limit-range',
    in: () => {},
    limits: [{ type: 'Container', max: { memory: '1Mi' } }],
  },
  'a port that a container has': {
    code: 'bad-value',
    in: (made) => {
      annotate({ [keys.port.key]: '8080' })(made);
      made.spec.containers[0]!.ports = [{ containerPort: 8080 }];
    },
  },
  'a target that is the sidecar': {
    code: 'bad-value',
    in: (made) => {
      annotate({ [keys.notify.key]: `http://127.0.0.1:${PORT}/` })(made);
    },
  },
  'a volume under our name': {
    code: 'name-taken',
    in: ({ spec }) => {
      spec.volumes!.push({ name: 'rollcall', configMap: { name: 'x' } });
    },
  },
  'a container under our name': {
    code: 'name-taken',
    in: ({ spec }) => {
      spec.initContainers = [container('rollcall')];
    },
  },
  'a container that there is not': {
    code: 'bad-value',
    in: annotate({ [keys.containers.key]: 'app,backup' }),
  },
  'a mount in our place': {
    code: 'mount-path-taken',
    in: ({ spec }) => {
      spec.containers[0]!.volumeMounts!.push({ name: 'data', mountPath: '/run/rollcall' });
    },
  },
};

/** Decides about a pod that asks, and has these faults only. */
function withFaults(names: readonly string[], namespace = plain): Reason[] {
  const faults = names.map((name) => FAULTS[name]!);
  const made = askingPod(annotate(WORDS));
  for (const fault of faults) fault.in(made);
  const decision = decided(
    made,
    { ...namespace, limits: faults.flatMap(({ limits = [] }) => limits) },
    { install: Object.assign({ ...INSTALL }, ...faults.map(({ install }) => install)) },
  );
  return decision.kind === 'inject' ? [] : [...decision.reasons];
}

/** Returns every combination but those in which another port is given and a target still leads to the default one. */
function subsets(): string[][] {
  const names = Object.keys(FAULTS);
  const all = Array.from({ length: 2 ** names.length }, (_, bits) =>
    names.filter((_, index) => (bits >> index) & 1),
  );
  return all.filter(
    (some) => !some.includes('a target that is the sidecar') || !some.includes('a port that a container has'),
  );
}

describe('a pod with faults', () => {
  const alone = new Map(Object.keys(FAULTS).map((name) => [name, withFaults([name])]));

  test('is fine without them', () => assert.deepEqual(withFaults([]), []));

  for (const [name, { code }] of Object.entries(FAULTS)) {
    test(`is told of ${name}, and of nothing else`, () => {
      assert.deepEqual(
        alone.get(name)!.map((one) => one.code),
        [code],
      );
    });
  }

  test('is told of each of them, in one answer, in whatever combination it has them', () => {
    const all = subsets();
    for (const names of all) {
      const expected = names.flatMap((name) => alone.get(name)!).slice(0, 10);
      // A container that one fault adds is listed by another.
      const told = withFaults(names).map(({ code, sentence }) => ({
        code,
        sentence: sentence.replace('app, rollcall', 'app'),
      }));
      assert.deepEqual(told, expected, names.join(', '));
    }
    assert.equal(all.length, 2 ** alone.size - 2 ** (alone.size - 2));
  });

  test('is told the same when only its namespace asks, and it is skipped', () => {
    const names = ['a number that is none', 'too little memory', 'a mount in our place'];
    const made = askingPod(annotate(WORDS));
    for (const name of names) FAULTS[name]!.in(made);
    delete made.metadata!.annotations![keys.inject.key];
    const limits = FAULTS['too little memory']!.limits!;
    const decision = decided(made, { ...labelled, limits });
    assert.deepEqual(
      [decision.kind, codesOf(decision)],
      ['skip', ['bad-value', 'limit-range', 'mount-path-taken']],
    );
  });

  test('is told of up to ten, each once', () => {
    const twenty = Array.from({ length: 20 }, (_, index) => ({
      name: 'rollcall-token',
      mountPath: `/token/${index}`,
    }));
    const one = askingPod(({ spec }) => spec.containers[0]!.volumeMounts!.push(...twenty));
    assert.equal(codesOf(decided(one, plain)).length, 1, 'all twenty are the same sentence');
    const many = askingPod(({ spec }) => {
      for (const index of twenty.keys())
        spec.containers.push(container(`c${index}`, { volumeMounts: [twenty[0]!] }));
    });
    assert.equal(codesOf(decided(many, plain)).length, 10);
  });
});

describe('a setting with a bad value', () => {
  /** Pods for which the value that stands in for a bad one would have a fault that nobody made. */
  const misled: [what: string, annotations: Record<string, string>, more?: (made: Pod) => void][] = [
    [
      'a mount path, where the application has the folder of the default',
      { [keys.mountPath.key]: 'peers' },
      FAULTS['a mount in our place']!.in,
    ],
    [
      'containers, where one of the others mounts that folder',
      { [keys.containers.key]: ',' },
      FAULTS['a mount in our place']!.in,
    ],
    [
      'a port, where the application is notified at that of the default',
      { [keys.port.key]: 'x', [keys.notify.key]: 'http://127.0.0.1:17655/' },
    ],
    [
      'the kind of the sidecar, where the gate needs a native one and the cluster has none',
      { [keys.nativeSidecar.key]: 'yes', [keys.waitFor.key]: '2', [keys.waitAction.key]: 'fail' },
    ],
    [
      'the kind of the sidecar, where an ordinary one would have to read pods',
      { [keys.nativeSidecar.key]: 'yes' },
      ({ spec }) => {
        spec.restartPolicy = 'Never';
      },
    ],
    [
      'an amount, where the default is more than there is',
      { [keys.memoryLimit.key]: 'much', [keys.memoryRequest.key]: '16Mi' },
      ({ spec }) => {
        Object.assign(spec, { resources: { limits: { memory: '20Mi' } } });
      },
    ],
    [
      'a source, where DNS would need no token',
      { [keys.source.key]: 'DNS' },
      ({ spec }) => {
        spec.volumes!.push({ name: 'rollcall-token', emptyDir: {} });
      },
    ],
  ];
  for (const [what, annotations, more = () => {}] of misled) {
    test(`is the only fault: ${what}`, () => {
      const made = askingPod(annotate(annotations));
      more(made);
      const install = { ...INSTALL, nativeSidecars: false };
      assert.deepEqual(codesOf(decided(made, plain, { install })), ['bad-value']);
    });
  }

  test('of the group is told with all other values of the group that are bad', () => {
    const made = askingPod(
      annotate({ [keys.service.key]: 'No!', [keys.selector.key]: '=', [keys.source.key]: 'etcd' }),
    );
    assert.deepEqual(codesOf(decided(made, plain)), ['bad-value', 'bad-value', 'bad-value', 'bad-value']);
  });

  test('of the question itself is told with the rest', () => {
    const made = askingPod(annotate({ [keys.inject.key]: 'yes', [keys.waitFor.key]: 'three' }));
    assert.deepEqual(codesOf(decided(made, plain)), ['bad-value', 'bad-value']);
  });
});

test('a mount of a volume that the pod has under our name is no fault of its own', () => {
  const made = askingPod(({ spec }) => {
    spec.volumes!.push({ name: 'rollcall', configMap: { name: 'x' } });
    spec.containers[0]!.volumeMounts!.push({ name: 'rollcall', mountPath: '/etc/x' });
    spec.containers[0]!.volumeDevices = [{ name: 'rollcall', devicePath: '/dev/x' }];
  });
  assert.deepEqual(codesOf(decided(made, plain)), ['name-taken']);
});

test('nothing more is asked of a pod that could never be injected', () => {
  const made = askingPod(annotate({ [keys.waitFor.key]: 'three' }));
  Object.assign(made.spec, { os: { name: 'windows' } });
  assert.deepEqual(codesOf(decided(made, plain)), ['windows']);
});
