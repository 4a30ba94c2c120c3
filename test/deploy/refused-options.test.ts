/** Values of the chart that are refused before anything is installed. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import { GIVEN, parseDefaults } from '../../src/inject/defaults.ts';
import { sampled, writtenKey } from '../inject/key-samples.ts';
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
  ['a default of no selector', { defaults: { 'rollcall.dev/selector': 'app=db role=x' } }, /dev\S*selector/],
  ['a default that a shell would read', { defaults: { 'rollcall.dev/on-start': 'a | b' } }, /dev\S*on-start/],
  ['a default of no group', { defaults: { 'rollcall.dev/group.tcp': 'tcp-servers' } }, /dev\S*group\.tcp/],
  ['a default of a group that is no name', { defaults: { 'rollcall.dev/group.A': 'service a' } }, /group\.A/],
  ['a default of no placeholder', { defaults: { 'rollcall.dev/file.a': '{host}' } }, /dev\S*file\.a/],
  ['a namespace that is no name', { namespaces: ['Team A'] }, /namespaces/],
];

/** Texts about which the expressions of JavaScript and of Go could disagree. */
const ODD = {
  'rollcall.dev/wait-for': '\u00a03 ready\u2003',
  'rollcall.dev/port': '\ufeff9100\v',
  'rollcall.dev/wait-timeout': '1440m',
  'rollcall.dev/cpu-limit': '.5',
  'rollcall.dev/selector': '\n!a,b in (,c,,d),e=,f>1\t',
  'rollcall.dev/expected': '\u00a0LeaderWorkerSet\u2003db',
  'rollcall.dev/member-labels': 'role\u00a0a.b/zone,,',
  'rollcall.dev/containers': 'app\u2003backup',
  'rollcall.dev/notify': '\u0001HTTP:\\\\127.0.0.1\\é\u00a0udp://localhost:53',
  'rollcall.dev/on-start': 'é\u00a0\'b\n$c\'"\\\u2028"\\\n',
  'rollcall.dev/group.a': '\u00a0pods  a in (b)\u3000',
  'rollcall.dev/group-file.a.b_': '{name}{{é\u2028}}\nwhere\u00a0zone=}',
} as const;

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
    for (const place of [0, 1, 2]) {
      const defaults = GIVEN.map(({ key, named }) => {
        const [name, { good }] = sampled.find(([one]) => keys[one].key === key)!;
        return [named === undefined ? key : writtenKey(name), good[place]!];
      });
      assert.ok((await chart({ defaults: Object.fromEntries(defaults) })).length > 0);
    }
  });

  test('nor what nobody writes and the webhook takes: spaces that Helm knows otherwise, and signs that mean something elsewhere', async () => {
    parseDefaults(Object.entries(ODD).map(([key, text]) => `${key}=${text}`));
    assert.ok((await chart({ defaults: ODD })).length > 0);
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
