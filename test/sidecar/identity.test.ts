import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identity } from '../../src/sidecar/identity.ts';

const NOTHING = { podName: undefined, podUid: undefined, nodeName: undefined, zone: undefined };

test('a sidecar tells of its pod what it was told, where it was told which pod that is', () => {
  assert.deepEqual(identity({ ...NOTHING, podName: 'db-0' }), { name: 'db-0' });
  assert.deepEqual(identity({ ...NOTHING, podUid: 'u0' }), { uid: 'u0' });
  const all = { podName: 'db-0', podUid: 'u0', nodeName: 'node-a', zone: 'eu-1a' };
  assert.deepEqual(identity(all), { uid: 'u0', name: 'db-0', node: 'node-a', zone: 'eu-1a' });
  assert.equal(identity({ ...NOTHING, nodeName: 'node-a', zone: 'eu-1a' }), undefined);
});
