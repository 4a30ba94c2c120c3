import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLabelKeys } from '../../../src/watcher/texts/label-keys.ts';

test('keys are separated by commas or spaces, and each counts once', () => {
  assert.deepEqual(parseLabelKeys('role, app.kubernetes.io/version role'), [
    'role',
    'app.kubernetes.io/version',
  ]);
});

test('what is no key says what to give instead', () => {
  for (const text of ['role=primary', '/role', 'A.B/role', '-role', '__proto__', 'a/b/c'])
    assert.throws(() => parseLabelKeys(text), /is no key of a label; give keys such as/);
  assert.throws(() => parseLabelKeys(' , '), /give keys of labels/);
  assert.throws(() => parseLabelKeys(Array.from({ length: 17 }, (_, at) => `k${at}`).join()), /at most 16/);
});

test('a key without a prefix may be written in capitals, a prefix may not', () => {
  assert.deepEqual(parseLabelKeys('Role_A a.b/Role'), ['Role_A', 'a.b/Role']);
  assert.throws(() => parseLabelKeys('A.b/role'), /is no key of a label/);
});
