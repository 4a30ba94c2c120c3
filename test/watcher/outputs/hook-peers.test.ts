import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peerName } from '../../../src/watcher/outputs/hooks.ts';
import type { Member } from '../../../src/watcher/protocol.ts';
import { member } from '../scripted-source.ts';
import { DOMAIN, db, hook } from './scripted-hooks.ts';

test('the name of a peer, by type of address', () => {
  const whole = db(0, { addresses: ['fd00::1', '10.0.0.1'] });
  const named = (one: Member) => (['DNS', 'IP', 'IPv4', 'IPv6'] as const).map((type) => peerName(type)(one));
  assert.deepEqual(named(whole), [`db-0.${DOMAIN}`, 'fd00::1', '10.0.0.1', 'fd00::1']);
  assert.deepEqual(named(member('u0', { addresses: ['10.0.0.1'] })), [
    '10.0.0.1',
    '10.0.0.1',
    '10.0.0.1',
    undefined,
  ]);
});

test('who has no name of the wanted type is no peer', async (t) => {
  const { sync, ran, noted } = await hook(t, { onChange: '' }, { peer: peerName('IPv6') });
  sync(db(0, { addresses: ['10.0.0.1', 'fd00::1'] }), db(1, { addresses: ['10.0.0.2'] }));
  await ran(1);
  assert.equal(noted(), 'on-change:\nfd00::1\n');
});
