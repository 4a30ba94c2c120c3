import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bookmark, event } from '../../support/scripted-api.ts';
import { follow, slice, synced } from '../followed-group.ts';
import { keepAlive } from './kept-alive.ts';

test('a second watch in a row that stayed silent asks for the list again: a proxy may hold back events', async () => {
  const followed = follow();
  const call = await synced(followed);
  // Each is taken, and then nothing comes, until it counts as half open.
  await followed.clock.advance(90_200);
  assert.equal(call.closed, true);
  (await followed.api.next()).head();
  await followed.clock.advance(90_200);
  const second = await followed.api.next();
  assert.equal(second.query('sendInitialEvents'), null);
  second.head();
  await followed.clock.advance(90_200);
  const relist = await followed.api.next();
  assert.equal(relist.query('sendInitialEvents'), 'true');
  assert.equal(relist.query('resourceVersion'), '100', 'nothing older than what is known');
  relist.head().events(event('ADDED', slice('a', 'db-0/u0', 'db-1/u1'), '200'), bookmark('201', true));
  await followed.clock.advance(100);
  assert.deepEqual(followed.names(), ['db-0/u0', 'db-1/u1']);
});

test('a bookmark is a sign that a watch is heard: no list is asked for', async () => {
  const followed = follow();
  let call = await synced(followed);
  for (let round = 0; round < 5; round += 1) {
    await followed.clock.advance(20_000);
    call.events(bookmark(`${110 + round}`));
    await followed.clock.advance(90_200);
    call = await followed.api.next();
    assert.equal(call.query('sendInitialEvents'), null);
    call.head();
  }
});

test('90 s without a byte is a half-open connection: rewatched from the same version', async () => {
  const followed = follow();
  const call = await synced(followed);
  await followed.clock.advance(80_000);
  call.events(bookmark('120'));
  await followed.clock.advance(89_999);
  assert.equal(call.closed, false);
  await followed.clock.advance(1);
  assert.equal(call.closed, true);
  await followed.clock.advance(400);
  assert.equal((await followed.api.next()).query('resourceVersion'), '120');
});

test('an event that comes in drops for 90 s is no sign of life: rewatched from the same version', async () => {
  const followed = follow();
  const call = await synced(followed);
  const line = Buffer.from(JSON.stringify(event('MODIFIED', slice('a', 'db-0/u0', 'db-1/u1'), '110')));
  for (let byte = 0; byte < 9; byte += 1) {
    assert.equal(call.closed, false, `after ${byte} bytes`);
    call.send(line.subarray(byte, byte + 1));
    await followed.clock.advance(10_000);
  }
  assert.equal(call.closed, true);
  await followed.clock.advance(400);
  assert.equal((await followed.api.next()).query('resourceVersion'), '100');
});

test('a large event that comes slowly, and comes to an end, is taken', async () => {
  const followed = follow();
  const call = await synced(followed);
  await followed.clock.advance(80_000);
  const line = `${JSON.stringify(event('MODIFIED', slice('a', 'db-0/u0', 'db-1/u1'), '110'))}\n`;
  call.send(line.slice(0, 10));
  await followed.clock.advance(40_000);
  call.send(line.slice(10));
  await followed.clock.advance(1000);
  assert.equal(call.closed, false);
  assert.deepEqual(followed.names(), ['db-0/u0', 'db-1/u1']);
});

test('an API server that accepts and never answers is given up after 30 s', async () => {
  const followed = follow();
  const call = await followed.api.next();
  await followed.clock.advance(30_000);
  assert.equal(call.closed, true);
  await followed.clock.advance(400);
  await followed.api.next();
});

test('a watch that fell silent was followed to its last byte only', async () => {
  const busy = follow();
  const call = await synced(busy);
  for (let version = 101; version <= 160; version += 1)
    call.events(event('MODIFIED', slice('a', 'db-0/u0'), String(version)));
  await busy.clock.advance(91_000);
  const relist = await busy.api.next();
  assert.deepEqual([relist.query('sendInitialEvents'), relist.query('resourceVersion')], ['true', '160']);

  const quiet = follow();
  const kept = await synced(quiet, [slice('a', 'db-0/u0'), slice('b', 'db-1/u1')]);
  kept.events(event('MODIFIED', slice('a', 'db-0/u0'), '101'));
  // The last bookmark comes after a minute.
  await keepAlive(quiet, kept, 120_000);
  await quiet.clock.advance(31_000);
  assert.equal((await quiet.api.next()).query('sendInitialEvents'), null, 'a bookmark came in between');
});
