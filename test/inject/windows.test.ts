import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { askingPod, container, decided, plain, refusal } from './pods.ts';
import type { Tweak } from './tweaks.ts';

const required = (...terms: object[]) => ({
  nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
});
const os = (operator: string, ...values: string[]) => by('kubernetes.io/os', operator, ...values);
const by = (key: string, operator: string, ...values: string[]) => ({
  matchExpressions: [
    { key: 'zone', operator: 'Exists' },
    { key, operator, values },
  ],
});
const spec =
  (fields: object): Tweak =>
  (made) =>
    Object.assign(made.spec, fields);

describe('a pod for Windows', () => {
  const windows: [what: string, fields: object][] = [
    ['spec.os', { os: { name: 'windows' } }],
    ['its node selector', { nodeSelector: { 'kubernetes.io/os': 'windows' } }],
    ['its node affinity', { affinity: required(os('In', 'windows')) }],
    ['every term of it', { affinity: required(os('In', 'windows'), os('In', 'windows')) }],
    ['the older label', { nodeSelector: { 'beta.kubernetes.io/os': 'windows' } }],
    ['the build of Windows', { nodeSelector: { 'node.kubernetes.io/windows-build': '10.0.20348' } }],
    ['affinity to all but Linux', { affinity: required(os('NotIn', 'linux')) }],
    ['affinity to the older label', { affinity: required(by('beta.kubernetes.io/os', 'In', 'windows')) }],
    ['affinity to a build', { affinity: required(by('node.kubernetes.io/windows-build', 'Exists')) }],
    ['a host process', { securityContext: { windowsOptions: { hostProcess: true } } }],
    [
      'a host process of one container',
      { containers: [container('app', { securityContext: { windowsOptions: { hostProcess: true } } })] },
    ],
  ];
  for (const [what, fields] of windows) {
    test(`is told by ${what}`, () => {
      assert.deepEqual(refusal(decided(askingPod(spec(fields)), plain)).slice(0, 2), ['deny', 'windows']);
    });
  }

  const others: [what: string, fields: object][] = [
    ['spec.os linux', { os: { name: 'linux' } }],
    ['a selector of Linux nodes', { nodeSelector: { 'kubernetes.io/os': 'linux' } }],
    ['one term that leads elsewhere', { affinity: required(os('In', 'windows'), os('In', 'linux')) }],
    ['either', { affinity: required(os('In', 'windows', 'linux')) }],
    ['all but Windows', { affinity: required(os('NotIn', 'windows')) }],
    ['a term about other things', { affinity: required({}) }],
    ['no terms', { affinity: required() }],
    ['all but Linux of one kind', { affinity: required(os('NotIn', 'solaris')) }],
    [
      'its own word, whatever it selects',
      { os: { name: 'linux' }, nodeSelector: { 'kubernetes.io/os': 'windows' } },
    ],
    ['options for Windows that say nothing', { securityContext: { windowsOptions: {} } }],
    ['affinity that is not required', { affinity: { nodeAffinity: {} } }],
  ];
  for (const [what, fields] of others) {
    test(`is not told by ${what}`, () =>
      assert.equal(decided(askingPod(spec(fields)), plain).kind, 'inject'));
  }
});
