import assert from 'node:assert/strict';
import { test } from 'node:test';
import { edit } from '../../../../src/cli/document/edit/edit.ts';
import { parse } from '../../../../src/cli/document/parse.ts';
import type { Fields, Value } from '../../../../src/cli/document/value.ts';

/** Changes the value, and holds that changing it back gives the text back. */
function edited(text: string, change: (value: Fields) => void): string {
  const value = () => JSON.parse(JSON.stringify(parse(text).value)) as Fields;
  const after = value();
  change(after);
  const { body, kept, replaced } = edit(text, after);
  assert.equal(kept, true);
  assert.deepEqual(parse(body).value, after);
  assert.equal(edit(body, value(), replaced).body, text);
  return body;
}

test('a new key comes after the last line of its map, whatever follows', () => {
  const text = 'a:\n  b: 1 # one\n  # two\n\n# three\nc: 2\n';
  assert.equal(
    edited(text, (value) => {
      (value.a as Fields).d = { e: [1] };
    }),
    'a:\n  b: 1 # one\n  d:\n    e:\n      - 1\n  # two\n\n# three\nc: 2\n',
  );
});

test('a new item comes in the style of the list', () => {
  const add = (value: Fields) => (value.a as Value[]).push({ name: 'k', z: [1] });
  assert.equal(edited('a:\n- name: x\n', add), 'a:\n- name: x\n- name: k\n  z:\n  - 1\n');
  assert.equal(edited('a: [{name: x}]\n', add), 'a: [{name: x}, {name: k, z: [1]}]\n');
  assert.equal(edited('a: [ { name: x } ]\n', add), 'a: [ { name: x }, { name: k, z: [ 1 ] } ]\n');
});

test('an item that comes first leaves the comment of the next one where it is', () => {
  const text = 'a: # list\n  # x is old\n  - name: x\n';
  assert.equal(
    edited(text, (value) => (value.a as Value[]).unshift({ name: 'w' })),
    'a: # list\n  - name: w\n  # x is old\n  - name: x\n',
  );
});

test('a scalar keeps the quotes and the comment of the one before', () => {
  const set = (value: Fields) => {
    value.a = 'new';
  };
  assert.equal(edited('a: "old" # why\n', set), 'a: "new" # why\n');
  assert.equal(edited("a: 'old'\n", set), "a: 'new'\n");
  assert.equal(edited('a: old', set), 'a: new');
});

test('what another YAML would read otherwise is quoted', () => {
  const text = edited('a: 1\n', (value) => {
    value.b = ['yes', 'off', '0o7', '1e3', '12:30', 'null', '~', ' x', 'a: b', '#'];
  });
  assert.doesNotMatch(text, /- (yes|off|0o7|1e3|12:30|null|~| x|a: b|#)$/m);
});

test('an empty collection becomes lines, and becomes empty again', () => {
  const add = (value: Fields) => {
    value.a = { b: '1' };
  };
  assert.equal(edited('a: {}\nc: 1\n', add), 'a:\n  b: "1"\nc: 1\n');
  const push = (value: Fields) => (value.a as Value[]).push(1);
  assert.equal(edited('a: []\nc: 1\n', push), 'a:\n  - 1\nc: 1\n');
});

test('JSON stays JSON, compact or over lines, with its own numbers', () => {
  const add = (value: Fields) => {
    (value.a as Value[]).unshift({ n: 1 });
    value.b = 'x';
  };
  assert.equal(edited('{"a":[{"m":1.0}],"c":1e2}', add), '{"a":[{"n":1},{"m":1.0}],"c":1e2,"b":"x"}');
  const pretty = '{\n\t"a": [\n\t\t1.50\n\t]\n}\n';
  assert.equal(
    edited(pretty, add),
    '{\n\t"a": [\n\t\t{\n\t\t\t"n": 1\n\t\t},\n\t\t1.50\n\t],\n\t"b": "x"\n}\n',
  );
});

test('line ends stay as they are', () => {
  const text = edited('a:\r\n  - 1\r\nb: 2', (value) => {
    (value.a as Value[]).push(2);
    value.c = { d: 1 };
  });
  assert.equal(text, 'a:\r\n  - 1\r\n  - 2\r\nb: 2\r\nc:\r\n  d: 1');
});

test('an anchor that changes takes along the aliases that should', () => {
  const text = 'a:\n  - name: x\n    m: &m\n      - 1\n  - name: y2\n    m: *m\n';
  const both = edited(text, (value) => {
    for (const item of value.a as { m: Value[] }[]) item.m.push(2);
  });
  assert.equal(both, 'a:\n  - name: x\n    m: &m\n      - 1\n      - 2\n  - name: y2\n    m: *m\n');
});

test('an alias that should not is written out', () => {
  const text = 'a: &a\n  b: 1\nc: *a\nd:\n  <<: *a\n  e: 1\n';
  const value = { a: { b: 1, k: 2 }, c: { b: 1 }, d: { b: 1, k: 2, e: 1 } };
  const { body, replaced } = edit(text, value);
  assert.equal(body, 'a: &a\n  b: 1\n  k: 2\nc:\n  b: 1\nd:\n  <<: *a\n  e: 1\n');
  assert.equal(edit(body, parse(text).value, replaced).body, text);
});

test('what can not be said in place is written anew, no more than that, and comes back', () => {
  const text = 'a: &a # why\n  b: 1\nd:\n  <<: *a # all\ne: 1 # e\n';
  const value = { a: { b: 1 }, d: {}, e: 1 };
  const { body, kept, replaced } = edit(text, value);
  assert.deepEqual([body, kept], ['a: &a # why\n  b: 1\nd: {}\ne: 1 # e\n', true]);
  assert.equal(edit(body, parse(text).value, replaced).body, text);
});

test('what can not be said at all in the old text is written anew, and that is told', () => {
  const { kept, body } = edit('{a: 1} # one\n', { b: 1 });
  assert.deepEqual([kept, parse(body).value], [false, { b: 1 }]);
});

test('the same value is the same text', () => {
  const text = 'a:   [1,   2 ]  # odd\n...\n';
  assert.deepEqual(edit(text, { a: [1, 2] }), { body: text, kept: true, replaced: {} });
});
