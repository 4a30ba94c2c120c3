import assert from 'node:assert/strict';
import { test } from 'node:test';
import { familyFirst, familyOf } from '../../src/watcher/family.ts';

test('an address is of its family, and a domain name counts as IPv4', () => {
  assert.deepEqual(['10.0.0.1', 'fd00::1', '::ffff:10.0.0.1', 'db.example'].map(familyOf), [
    'IPv4',
    'IPv6',
    'IPv6',
    'IPv4',
  ]);
});

test('addresses of the family that goes first come first, each family in its order', () => {
  const all = ['fd00::2', '10.0.0.2', 'fd00::1', '10.0.0.1'];
  assert.deepEqual(familyFirst(all, 'IPv4'), ['10.0.0.2', '10.0.0.1', 'fd00::2', 'fd00::1']);
  assert.deepEqual(familyFirst(all, 'IPv6'), ['fd00::2', 'fd00::1', '10.0.0.2', '10.0.0.1']);
  assert.equal(all[0], 'fd00::2', 'the list itself stays as it is');
});
