import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as values from '../src/values.ts';

/** A parser with texts and their values, and texts that it refuses with the beginning of the error. */
interface Case {
  parse: (text: string) => unknown;
  takes: Record<string, unknown>;
  refuses: string[];
  says: RegExp;
}

const cases: Record<string, Case> = {
  integer: {
    parse: values.integer(1, 10),
    takes: { 1: 1, 10: 10, ' 7 ': 7, '007': 7 },
    refuses: ['0', '11', '', ' ', '1.5', 'x', 'NaN', '-1', 'Infinity', '1e1', '0x5', '+5', '1 0'],
    says: /^give a whole number from 1 to 10$/,
  },
  dnsLabel: {
    parse: values.dnsLabel,
    takes: { db: 'db', 'a-1': 'a-1', 0: '0', ['a'.repeat(63)]: 'a'.repeat(63) },
    refuses: ['', '-a', 'a-', 'A', 'a.b', 'a_b', 'a\n', 'a'.repeat(64)],
    says: /^give a name of at most 63/,
  },
  dnsDomain: {
    parse: values.dnsDomain,
    takes: { 'cluster.local': 'cluster.local', 'k8s.test.': 'k8s.test', local: 'local' },
    refuses: ['', '.', 'a..b', '.a', 'A.b', 'a_b', 'a b', 'a\n', 'a.'.repeat(128)],
    says: /^give a DNS domain such as cluster\.local$/,
  },
  imageReference: {
    parse: values.imageReference,
    takes: Object.fromEntries(
      [
        'rollcall',
        'rollcall:0.2.0',
        'localhost:5000/rollcall',
        'Registry.example:443/team/roll__call:v1.2_3-x',
        '[fd00::1]:5000/team/rollcall:0.2.0',
        `mirror.example/hub/rollcall@sha256:${'0a'.repeat(32)}`,
        `rollcall:0.2.0@sha512:${'0a'.repeat(64)}`,
      ].map((text) => [text, text]),
    ),
    refuses: [
      '',
      'Rollcall',
      'rollcall:',
      'rollcall:a b',
      'rollcall\n',
      'team//rollcall',
      '/rollcall',
      'https://registry.example/rollcall',
      'rollcall@sha256:0a',
      `rollcall@sha256:${'0A'.repeat(32)}`,
      `rollcall:${'a'.repeat(129)}`,
      'a'.repeat(600),
      `${'a-'.repeat(100_000)}:`,
    ],
    says: /^give the name of an image such as/,
  },
  secretName: {
    parse: values.secretName,
    takes: { registry: 'registry', 'a.b-c': 'a.b-c' },
    refuses: ['', 'Registry', 'a_b', '-a', 'a'.repeat(254)],
    says: /^give the name of a Secret/,
  },
  serverUrl: {
    parse: values.serverUrl,
    takes: { 'https://10.0.0.1:6443': 'https://10.0.0.1:6443', 'http://x': 'http://x' },
    refuses: ['', '10.0.0.1', 'ftp://x', 'https://'],
    says: /^give a URL/,
  },
  notifyTarget: {
    parse: values.notifyTarget,
    takes: { 'http://127.0.0.1:80/a': 'http://127.0.0.1:80/a', 'udp://[::1]:5': 'udp://[::1]:5' },
    refuses: ['', 'http://10.0.0.1', 'udp://127.0.0.1', 'https://localhost'],
    says: /; give /,
  },
  sourceName: {
    parse: values.sourceName,
    takes: { endpointslices: 'endpointslices', pods: 'pods', dns: 'dns' },
    refuses: ['', 'DNS', 'endpoints'],
    says: /^give "endpointslices", "pods" or "dns"$/,
  },
  waitCondition: {
    parse: (text) => `${values.waitCondition(text)}`,
    takes: { 3: '3', ' 3  ready ': '3 ready', all: 'all', 'ordinal 0 ready': 'ordinal 0 ready' },
    refuses: ['', 'three', '3ready', '-1', '100001', 'ordinal'],
    says: /^give /,
  },
  waitAction: {
    parse: values.waitAction,
    takes: { continue: 'continue', fail: 'fail' },
    refuses: ['', 'stop'],
    says: /^give "continue" or "fail"$/,
  },
  labelSelector: {
    parse: values.labelSelector,
    takes: { 'a=b': 'a=b', 'a in (b, c),!d': 'a in (b, c),!d', 'x.y/z==1': 'x.y/z==1' },
    refuses: ['', ' ', 'a=b\nROLLCALL_X=1', 'a="b"', '()', 'a=$b'],
    says: /^give a label selector/,
  },
  seconds: {
    parse: values.seconds(1, 3600),
    takes: { 90: 90, '90s': 90, '5m': 300, '1h': 3600 },
    refuses: ['', '0', '0s', '61m', '1.5h', '1d', '-1', '1 m', '1H', '1234567'],
    says: /^give a time from 1 to 3600 seconds/,
  },
  names: {
    parse: values.names,
    takes: { 'a,b': ['a', 'b'], ' a  b,\na ': ['a', 'b'], a: ['a'] },
    refuses: ['', ' , ', 'a,B', 'a/b'],
    says: /^give (names|a name)/,
  },
  labelKeys: {
    parse: values.labelKeys,
    takes: { 'role,a.b/c': ['role', 'a.b/c'], ' a  b,\na ': ['a', 'b'] },
    refuses: ['', ' , ', 'a=b', '-a', 'A.B/c'],
    says: /give keys/,
  },
  command: {
    parse: values.command,
    takes: { a: ['a'], "sh -c 'a | b'": ['sh', '-c', 'a | b'] },
    refuses: ['', ' ', 'a | b', "a 'b"],
    says: /give a command|quote it/,
  },
  oneOf: {
    parse: values.oneOf('a', 'b', 'c'),
    takes: { a: 'a', c: 'c' },
    refuses: ['', 'A', 'd', 'constructor', 'a, b'],
    says: /^give "a", "b" or "c"$/,
  },
  portOrOff: {
    parse: values.portOrOff(1),
    takes: { off: 'off', 1: 1, 65535: 65535 },
    refuses: ['', '0', '65536', 'Off', '-1'],
    says: /^give a whole number from 1 to 65535, or "off" for no port at all$/,
  },
  serviceName: {
    parse: values.serviceName,
    takes: { db: 'db', 'a-1': 'a-1' },
    refuses: ['', 'My_DB', 'other/db', 'db.'],
    says: /^give the name of a Service in the namespace of the pod: at most 63 lower-case/,
  },
  notifyTargets: {
    parse: values.notifyTargets,
    takes: { 'udp://[::1]:5 \n http://127.0.0.1:80/a': ['udp://[::1]:5', 'http://127.0.0.1:80/a'] },
    refuses: ['', ' ', 'udp://127.0.0.1:1 http://10.0.0.1', 'udp://127.0.0.1:1 '.repeat(17)],
    says: /give (http:|127\.0\.0\.1|at most 16$)/,
  },
  expectedByAnnotation: {
    parse: values.expectedByAnnotation,
    takes: { owner: 'owner', ' statefulset db ': 'statefulset db', 5: '5' },
    refuses: ['', 'Owner', 'job x', '-1'],
    says: /^give "owner" for the workload of the pod; or give a number .*"statefulset db"/,
  },
  trueOrFalse: {
    parse: values.trueOrFalse,
    takes: { true: true, false: false },
    refuses: ['', 'True', '1', 'yes'],
    says: /^give "true" or "false"$/,
  },
};

for (const [name, { parse, takes, refuses, says }] of Object.entries(cases)) {
  describe(name, () => {
    test('takes what it can mean', () => {
      for (const [text, value] of Object.entries(takes)) assert.deepEqual(parse(text), value, text);
    });

    test('refuses the rest and says what to give', () => {
      for (const text of refuses) assert.throws(() => parse(text), { message: says }, JSON.stringify(text));
    });
  });
}

test('every parser is tried here', () => {
  // `text` refuses nothing, and `isDnsLabel` is asked, with an answer of true or false.
  const others = ['text', 'isDnsLabel'];
  assert.deepEqual(
    Object.keys(cases).toSorted(),
    Object.keys(values)
      .filter((name) => !others.includes(name))
      .toSorted(),
  );
});
