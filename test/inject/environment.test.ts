import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../../src/config.ts';
import { keyOf } from '../../src/inject/annotations.ts';
import { environmentBy } from '../../src/inject/environment.ts';
import { Settings, type Sources } from '../../src/inject/settings.ts';
import type { SidecarSetting } from '../../src/sidecar-settings.ts';
import { integer, text } from '../../src/values.ts';

/** Settings that there are not, of the kinds that a row can be. */
const invented = {
  pod: { value: 'NAME', doc: 'name of the pod', parse: text, podField: 'metadata.name' },
  members: { value: 'N', doc: 'number of members', default: '0', parse: integer(0, 9) },
  patience: {
    value: 'N',
    doc: 'how long',
    default: '5',
    parse: integer(0, 9),
    goesWith: ['members', 'words'],
  },
  words: { value: 'WORDS', doc: 'words', parse: (given: string) => given.split(' ') },
  waitForGroup: {
    value: 'GROUP=N',
    doc: 'number of members of another group',
    repeated: true,
    parse: (given: string) => {
      const [name, number] = given.split('=');
      return { name, number: integer(1, 9)(number!) };
    },
    annotation: { on: 'both', named: 'any', example: '3', more: 'for each group', otherwise: 'nobody' },
  },
} as const satisfies Record<string, SidecarSetting<unknown>>;

const environment = environmentBy(invented);
const given = (values: Record<string, unknown>) =>
  Object.fromEntries(
    environment(values).map((one) => [one.name, 'value' in one ? one.value : one.valueFrom]),
  );
const POD = { ROLLCALL_POD: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } };

describe('the variables of the injected container', () => {
  test('have what the pod knows, and nothing that is a default', () => {
    assert.deepEqual(given({}), POD);
    assert.deepEqual(given({ members: 0, patience: 5, waitForGroup: [], words: undefined }), POD);
  });

  test('have what differs, and nothing that is no setting', () => {
    assert.deepEqual(given({ members: 3, other: 'x', words: 'a $b' }), {
      ...POD,
      ROLLCALL_MEMBERS: '3',
      ROLLCALL_PATIENCE: '',
      ROLLCALL_WORDS: 'a $$b',
    });
  });

  test('have a setting that goes with others when they have one of those', () => {
    assert.deepEqual(given({ patience: 7 }), POD);
    assert.deepEqual(given({ patience: 5, members: 2 }), {
      ...POD,
      ROLLCALL_MEMBERS: '2',
      ROLLCALL_PATIENCE: '5',
    });
    assert.deepEqual(given({ patience: 5, words: 'a' }), {
      ...POD,
      ROLLCALL_PATIENCE: '5',
      ROLLCALL_WORDS: 'a',
    });
  });
});

describe('a family of annotations', () => {
  const { parseNamed, ...key } = keyOf('waitForGroup', invented.waitForGroup);
  assert.ok(parseNamed !== undefined);
  const family = { ...key, parseNamed };
  const sources = (pod: Record<string, string>): Sources => ({
    pod,
    namespace: { 'rollcall.dev/wait-for-group.cache': '2' },
    installation: undefined,
  });

  test('goes from its keys to the variable, and from there to the parser of the row', () => {
    const values = new Settings(sources({ 'rollcall.dev/wait-for-group.db': '3' })).family(family);
    const variables = environment({ waitForGroup: values });
    assert.deepEqual(variables.at(-1), { name: 'ROLLCALL_WAIT_FOR_GROUP', value: 'cache=2\ndb=3' });
    const config = parseConfig(invented, [], { ROLLCALL_WAIT_FOR_GROUP: 'cache=2\ndb=3' });
    assert.deepEqual(config.waitForGroup, [
      { name: 'cache', number: 2 },
      { name: 'db', number: 3 },
    ]);
  });

  test('is described with what holds otherwise in place of a default', () => {
    const { key: prefix, doc, otherwise } = key;
    assert.equal(prefix, 'rollcall.dev/wait-for-group.');
    assert.equal(doc, 'number of members of another group; for each group');
    assert.equal(otherwise, 'nobody');
  });

  test('refuses a value with the sentence of the parser', () => {
    const given = new Settings(sources({ 'rollcall.dev/wait-for-group.db': 'x' }));
    assert.ok(!given.family(family).includes('db=x'));
    assert.match(
      given.faults[0]!.sentence,
      /annotation rollcall\.dev\/wait-for-group\.db: "x" is not valid; give a whole number from 1 to 9/,
    );
  });
});
