import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SettingFault } from '../../src/watcher/setting-fault.ts';

const empty = new SettingFault({
  key: 'tokenFile',
  value: '/token',
  sentence: 'is empty',
  remedy: 'give a file that holds a bearer token',
});
const missing = new SettingFault({ key: 'server', sentence: 'is missing', remedy: 'give it' });

test('a setting that can not be used is told by the name that its user knows', () => {
  assert.equal(
    empty.named('--token-file'),
    '--token-file: "/token" is empty; give a file that holds a bearer token',
  );
  assert.equal(missing.named('-server'), '-server is missing; give it');
});

test('its message has the key, which is the option of the library', () => {
  assert.equal(empty.message, 'tokenFile: "/token" is empty; give a file that holds a bearer token');
  assert.equal(missing.message, 'server is missing; give it');
});

test('its parts are there for a caller with a sentence of its own', () => {
  assert.deepEqual([empty.key, empty.value], ['tokenFile', '/token']);
  assert.deepEqual([empty.reason, missing.reason], ['"/token" is empty', 'is missing']);
});
