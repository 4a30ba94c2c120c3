import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import type { Pod, PullSecret } from '../../src/inject/pod.ts';
import { uninject } from '../../src/inject/uninject.ts';
import { applied, secondPass } from './api-server.ts';
import { askingPod, INSTALL, injected } from './pods.ts';

const with2 = { install: { ...INSTALL, pullSecrets: [{ name: 'registry' }, { name: 'mirror' }] } };
const named = (imagePullSecrets?: PullSecret[]) =>
  askingPod(({ spec }) => {
    if (imagePullSecrets !== undefined) spec.imagePullSecrets = imagePullSecrets;
    spec.volumes = [];
    spec.containers[0]!.volumeMounts = [];
  });
const after = (given: Pod, context = with2) => applied(given, injected(given, context).patch);
const added = ({ metadata }: Pod) => JSON.parse(metadata!.annotations![keys.status.key]!).pullSecrets;

describe('the pull secrets of the installation', () => {
  const cases: [what: string, given: PullSecret[] | undefined, then: PullSecret[], added: string[]][] = [
    ['of none', undefined, [{ name: 'registry' }, { name: 'mirror' }], ['registry', 'mirror']],
    ['of an empty list', [], [{ name: 'registry' }, { name: 'mirror' }], ['registry', 'mirror']],
    [
      'of another',
      [{ name: 'a' }],
      [{ name: 'a' }, { name: 'registry' }, { name: 'mirror' }],
      ['registry', 'mirror'],
    ],
    ['of one of them', [{ name: 'mirror' }], [{ name: 'mirror' }, { name: 'registry' }], ['registry']],
    ['without a name', [{}], [{}, { name: 'registry' }, { name: 'mirror' }], ['registry', 'mirror']],
  ];
  for (const [what, given, then, names] of cases) {
    test(`are added behind those ${what}, once, and come out again`, () => {
      const pod = named(given);
      const seen = secondPass(after(pod));
      assert.deepEqual(seen.spec.imagePullSecrets, then);
      assert.deepEqual(added(seen), names);
      assert.deepEqual(injected(seen, with2).patch, []);
      const left = applied(after(pod), uninject(after(pod)));
      assert.deepEqual(left, pod);
    });
  }

  test('that the pod has all are not remembered', () => {
    const pod = named([{ name: 'mirror' }, { name: 'registry' }]);
    assert.equal(added(after(pod)), undefined);
    assert.deepEqual(applied(after(pod), uninject(after(pod))), pod);
  });

  test('that come later are remembered with those before, and those that are gone stay', () => {
    const first = after(named(), { install: { ...INSTALL, pullSecrets: [{ name: 'old' }] } } as typeof with2);
    const second = after(secondPass(first));
    assert.deepEqual(second.spec.imagePullSecrets, [
      { name: 'old' },
      { name: 'registry' },
      { name: 'mirror' },
    ]);
    assert.deepEqual(added(second), ['old', 'registry', 'mirror']);
  });

  test('that others have taken out again are put back', () => {
    const seen = secondPass(after(named()));
    seen.spec.imagePullSecrets!.pop();
    assert.deepEqual(injected(seen, with2).patch, [
      { op: 'add', path: '/spec/imagePullSecrets/-', value: { name: 'mirror' } },
    ]);
  });
});

test('what a status names that is not of our shape is not taken out', () => {
  for (const pullSecrets of ['registry', [1], { 0: 'registry' }]) {
    const pod = after(named([{ name: 'registry' }]));
    const status = JSON.parse(pod.metadata!.annotations![keys.status.key]!);
    pod.metadata!.annotations![keys.status.key] = JSON.stringify({ ...status, pullSecrets });
    assert.deepEqual(uninject(pod), []);
  }
});
