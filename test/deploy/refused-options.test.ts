/** Values of the chart that are refused before anything is installed. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { GIVEN } from '../../src/inject/defaults.ts';
import { chart, missing } from './rendered.ts';

/** Values that nobody may set, and the place that Helm's message names. */
const REFUSED: readonly [about: string, set: object, names: RegExp][] = [
  ['a value that there is not', { replica: 3 }, /replica/],
  ['a value that there is not, in a group', { image: { name: 'x' } }, /image/],
  ['no replica', { replicas: 0 }, /replicas/],
  ['a port that only root may listen on', { port: 443 }, /port/],
  ['a platform that is not known', { platform: 'aks' }, /platform/],
  ['a failure policy that is not known', { failurePolicy: 'fail' }, /failurePolicy/],
  ['a digest that is none', { image: { digest: 'sha256:abc' } }, /digest/],
  ['a default that is no annotation of Rollcall', { defaults: { 'wait-for': '3' } }, /wait-for/],
  ['a default that there is not', { defaults: { 'rollcall.dev/wait': '3' } }, /rollcall\.dev\/wait/],
  ['a default that only a pod may have', { defaults: { 'rollcall.dev/inject': 'true' } }, /dev\/inject/],
  ['a flag that there is not', { extraArgs: ['--log-levle=debug'] }, /log-levle/],
  ['a default that is no text', { defaults: { 'rollcall.dev/wait-for': 3 } }, /wait-for/],
  ['a default of another word', { defaults: { 'rollcall.dev/wait-action': 'stop' } }, /wait-action/],
  ['a default of a longer time', { defaults: { 'rollcall.dev/wait-timeout': '25h' } }, /wait-timeout/],
  ['a default of no amount', { defaults: { 'rollcall.dev/cpu-limit': '0' } }, /cpu-limit/],
  ['a default of a higher port', { defaults: { 'rollcall.dev/port': '65536' } }, /rollcall\.dev\S*port/],
  ['a namespace that is no name', { namespaces: ['Team A'] }, /namespaces/],
];

suite('values of the chart', { skip: missing('helm') }, () => {
  for (const [about, set, names] of REFUSED) {
    test(`refused: ${about}`, async () => {
      await assert.rejects(chart(set), (error: Error) => {
        assert.match(error.message, /values don't meet the specifications of the schema/);
        assert.match(error.message, names);
        return true;
      });
    });
  }

  test('what the webhook takes is not refused', async () => {
    const defaults = Object.fromEntries(
      GIVEN.filter(({ key }) => !key.endsWith('.')).map(({ key, example }) => [key, example]),
    );
    const more = {
      'rollcall.dev/wait-timeout': '1440m',
      'rollcall.dev/port': 'off',
      'rollcall.dev/cpu-limit': '.5',
    };
    for (const set of [defaults, { ...defaults, ...more }])
      assert.ok((await chart({ defaults: set })).length > 0);
  });

  const INCOMPLETE: readonly [about: string, certificates: object, says: RegExp][] = [
    [
      'files without their Secret',
      { source: 'files' },
      /certificates.secretName: it is empty; with the source/,
    ],
    [
      'a Certificate without its Secret',
      { source: 'certManager', certManager: { certificate: 'own' } },
      /certificates.secretName: it is empty; name the Secret of/,
    ],
    ['a CA that somebody else writes', { caBundle: 'PEM' }, /certificates.caBundle: it counts with/],
  ];

  for (const [about, certificates, says] of INCOMPLETE) {
    test(`refused: ${about}`, () => assert.rejects(chart({ certificates }), says));
  }
});
