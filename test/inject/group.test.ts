import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import type { Code } from '../../src/inject/codes.ts';
import { type ChosenGroup, groupOf } from '../../src/inject/group.ts';
import { Settings } from '../../src/inject/settings.ts';
import { annotate, askingPod, decided, pod, readable, refusal } from './pods.ts';

/** The settings of each level, the strongest first. */
type Said = { service?: string; selector?: string; source?: string };
type Levels = [pod: Said, namespace?: Said, installation?: Said];

function settingsOf([ofPod, namespace = {}, installation = {}]: Levels): Settings {
  return new Settings({
    pod: annotations(ofPod),
    namespace: annotations(namespace),
    installation: annotations(installation),
  });
}

function group(levels: Levels, subdomain?: string): ChosenGroup {
  const settings = settingsOf(levels);
  const given = pod(({ spec }) => (subdomain === undefined ? {} : Object.assign(spec, { subdomain })));
  const found = groupOf(given, settings);
  assert.deepEqual(settings.faults, []);
  assert.ok(found !== undefined);
  return found;
}

function annotations(said: Said): Record<string, string> {
  return Object.fromEntries(Object.entries(said).map(([name, text]) => [keys[name as keyof Said].key, text]));
}

const slices = (service: string): ChosenGroup => ({ source: 'endpointslices', service });
const dns = (service: string): ChosenGroup => ({ source: 'dns', service });
const pods = (selector: string): ChosenGroup => ({ source: 'pods', selector });

const named: [what: string, levels: Levels, subdomain: string | undefined, expected: ChosenGroup][] = [
  ['the subdomain, when nothing else is said', [{}], 'db', slices('db')],
  ['the service of the pod, over its subdomain', [{ service: 'cache' }], 'db', slices('cache')],
  ['the service of the namespace, over the subdomain', [{}, { service: 'cache' }], 'db', slices('cache')],
  ['the service of the installation', [{}, {}, { service: 'cache' }], undefined, slices('cache')],
  ['a selector, without a source', [{ selector: 'app=db' }], 'db', pods('app=db')],
  ['a selector, with the source that it has anyway', [{ selector: 'a', source: 'pods' }], 'db', pods('a')],
  ['DNS of the subdomain', [{ source: 'dns' }], 'db', dns('db')],
  ['DNS of a service', [{ service: 'cache', source: 'dns' }], 'db', dns('cache')],
  ['DNS, when the namespace says so of the service of the pod', [{}, { source: 'dns' }], 'db', dns('db')],
  ['the service of the pod, over a selector below', [{ service: 'db' }, { selector: 'a' }], '', slices('db')],
  ['the selector of the pod, over a service below', [{ selector: 'a' }, { service: 'db' }], '', pods('a')],
  ['the selector of the namespace, over the subdomain', [{}, { selector: 'a' }], 'db', pods('a')],
  [
    'the selector of the namespace, with the source of the pod',
    [{ source: 'pods' }, { selector: 'a' }],
    '',
    pods('a'),
  ],
  [
    'the service of the pod, whatever source a level below says for its own group',
    [{ service: 'db' }, { selector: 'a', source: 'pods' }],
    '',
    slices('db'),
  ],
  [
    'the selector of the pod, whatever source a level below says for its own group',
    [{ selector: 'a' }, { service: 'db', source: 'dns' }],
    '',
    pods('a'),
  ],
  [
    'the source of a stronger level, for a service of a weaker one',
    [{}, { source: 'dns' }, { service: 'db' }],
    '',
    dns('db'),
  ],
  ['a selector between two services', [{}, { selector: 'a' }, { service: 'db' }], 'x', pods('a')],
];

for (const [what, levels, subdomain, expected] of named) {
  test(`the group is ${what}`, () => assert.deepEqual(group(levels, subdomain), expected));
}

const refused: [what: string, levels: Levels, code: Code, sentence: RegExp][] = [
  ['nothing at all', [{}], 'no-service', /dev\/service is missing and .* no spec\.subdomain; write .*"NAME"/],
  ['DNS of nothing', [{ source: 'dns' }], 'no-service', /rollcall\.dev\/service is missing/],
  [
    'both at one level',
    [{ service: 'a', selector: 'b' }],
    'bad-value',
    /both name a group; leave one of them out/,
  ],
  ['both on the namespace', [{}, { service: 'a', selector: 'b' }], 'bad-value', /both name a group/],
  [
    'pods without a selector',
    [{ source: 'pods' }],
    'bad-value',
    /"pods" needs rollcall\.dev\/selector; write it/,
  ],
  [
    'pods of a service',
    [{ source: 'pods', service: 'a' }],
    'bad-value',
    /"pods" needs rollcall\.dev\/selector/,
  ],
  [
    'DNS of a selector',
    [{ source: 'dns', selector: 'a' }],
    'bad-value',
    /"dns" does not go with .*write "pods"/,
  ],
  ['slices of a selector', [{ source: 'endpointslices', selector: 'a' }], 'bad-value', /does not go with/],
  [
    'a source that there is not',
    [{ source: 'etcd', service: 'a' }],
    'bad-value',
    /give "endpointslices", "pods" or "dns"/,
  ],
];

for (const [what, levels, code, sentence] of refused) {
  test(`there is no group by ${what}`, () => {
    const settings = settingsOf(levels);
    groupOf(pod(), settings);
    assert.deepEqual(
      settings.faults.map((fault) => fault.code),
      [code],
    );
    assert.match(settings.faults[0]!.sentence, sentence);
  });
}

test('a bad service of the namespace does not matter to a pod that names its own', () => {
  assert.deepEqual(group([{ service: 'db' }, { service: 'No!' }]), slices('db'));
  assert.deepEqual(group([{ service: 'db' }, { selector: '"', source: 'x' }]), slices('db'));
});

const NAMED = { 'rollcall.dev/inject': 'true', 'rollcall.dev/group.b': 'service tcp-servers' };

/** What becomes of a pod that has only a group under a name, with these annotations. */
const ofNamed = (annotations: Record<string, string>) =>
  decided(pod(annotate({ ...NAMED, ...annotations })), readable);

for (const [what, annotation, sentence] of [
  ['members that are expected', { 'rollcall.dev/expected.x': '3' }, /expected\.x is for a group that/],
  ['labels', { 'rollcall.dev/member-labels.x': 'role' }, /member-labels\.x is for a group that/],
] as const) {
  test(`${what} of a group that there is not are refused, also where there is no group under a name`, () => {
    const asking = askingPod(annotate(annotation));
    for (const decision of [decided(asking, readable), ofNamed(annotation)]) {
      const [, code, told] = refusal(decision);
      assert.equal(code, 'bad-value');
      assert.match(told, sentence);
    }
  });
}

test('labels of a group that can not be read are told of once, and not for a file that uses them', () => {
  const [, , sentence] = refusal(
    ofNamed({ 'rollcall.dev/member-labels.b': '-a', 'rollcall.dev/group-file.b.hosts': '{label:role}' }),
  );
  assert.match(sentence, /^annotation rollcall\.dev\/member-labels\.b: "-a" is not valid/);
});
