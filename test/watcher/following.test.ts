/** When a list and a watch together follow the API, and when they don't: found by test/simulation. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settle } from '../support/fake-clock.ts';
import { errorEvent, event, list } from '../support/scripted-api.ts';
import { follow, slice, synced } from './followed-group.ts';

test('a list that no watch goes on from is fresh for a moment only', async () => {
  const followed = follow();
  (await followed.api.next()).fail(422, 'Invalid');
  (await followed.api.next()).json(200, list('50', [slice('a', 'db-0/u0')]));
  const watch = await followed.api.next();
  assert.equal(followed.watch.stale, false);
  await followed.clock.advance(2000);
  assert.deepEqual([followed.watch.stale, followed.watch.reason], [true, 'disconnected']);
  watch.head();
  await followed.clock.advance(100);
  assert.equal(followed.watch.stale, false);
});

test('a token that is refused in the stream has a moment to be replaced', async () => {
  const followed = follow();
  (await synced(followed)).events(errorEvent(401, 'Unauthorized'));
  await followed.api.next();
  assert.deepEqual([followed.api.tokenRefreshes, followed.watch.stale], [1, false]);
  await followed.clock.advance(2000);
  assert.deepEqual([followed.watch.stale, followed.watch.reason], [true, 'disconnected']);
});

test('a relist after errors in the stream begins from what was applied last', async () => {
  const followed = follow();
  const first = await synced(followed);
  first.events(event('MODIFIED', slice('a', 'db-0/u0', 'db-1/u1'), '105'), errorEvent(500, 'InternalError'));
  await followed.clock.advance(400);
  (await followed.api.next()).head().events(errorEvent(500, 'InternalError'));
  await followed.clock.advance(800);
  const relist = await followed.api.next();
  assert.equal(relist.query('sendInitialEvents'), 'true');
  assert.equal(relist.query('resourceVersion'), '105', 'older would bring back who has left');
});

test('streaming lists that end before they are complete, twice in a row, are given up for pages', async () => {
  const followed = follow();
  for (const wait of [400, 0]) {
    const call = await followed.api.next();
    assert.equal(call.query('sendInitialEvents'), 'true');
    call.head().events(event('ADDED', slice('a', 'db-0/u0'), '5'));
    await followed.clock.advance(900);
    call.end();
    await settle();
    assert.equal(followed.watch.pulseAgeSeconds(), 0, 'the loop shows that it lives');
    await followed.clock.advance(wait);
  }
  assert.equal((await followed.api.next()).query('limit'), '500');
});

test('a streaming list that goes on without end is given up for pages after a minute', async () => {
  const followed = follow();
  const call = await followed.api.next();
  call.head();
  for (let seconds = 0; seconds < 60; seconds += 10) {
    call.events(event('ADDED', slice('a', 'db-0/u0'), `${100 + seconds}`));
    await followed.clock.advance(10_000);
    assert.equal(call.closed, false);
  }
  call.events(event('MODIFIED', slice('a', 'db-0/u0'), '200'));
  assert.equal((await followed.api.next()).query('limit'), '500');
  assert.equal(call.closed, true);
});

test('a chunk that ends inside a line is not all that was missed', async () => {
  const followed = follow();
  (await synced(followed)).break();
  await followed.clock.advance(400);
  const line = `${JSON.stringify(event('MODIFIED', slice('a', 'db-0/u0', 'db-1/u1'), '105'))}\n`;
  const again = await followed.api.next();
  again.head().send(line.slice(0, 100));
  await settle();
  assert.equal(followed.watch.stale, true);
  again.send(line.slice(100));
  await settle();
  assert.equal(followed.watch.stale, false);
  assert.deepEqual(followed.names(), ['db-0/u0', 'db-1/u1']);
});
