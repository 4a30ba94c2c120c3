import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Suspension } from '../../src/watcher/suspension.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { event } from '../support/scripted-api.ts';
import { follow, slice, synced } from './followed-group.ts';

test('time that only the time of day has seen is a suspension of 5 s or more, told once', async () => {
  const clock = new FakeClock();
  const suspension = new Suspension(clock);
  await clock.advance(3_600_000);
  assert.equal(suspension.look(), 0);
  clock.suspend(4999);
  assert.equal(suspension.look(), 0, 'a clock that is set by a little');
  clock.suspend(5000);
  assert.equal(suspension.look(), 5000, 'the least that counts');
  clock.suspend(-7_200_000);
  assert.equal(suspension.look(), 0, 'a clock that is set back');
  clock.suspend(7_200_000);
  await clock.advance(1000);
  assert.equal(suspension.look(), 7_200_000);
  assert.equal(suspension.look(), 0);
});

test('after a suspension the watch begins anew within a second, and the members are as old as they are', async () => {
  const followed = follow();
  const call = await synced(followed);
  followed.clock.suspend(3 * 3_600_000);
  await followed.clock.advance(1000);
  assert.equal(call.closed, true, 'nobody knows whether there is anybody at the other end');
  assert.ok(followed.watch.upstreamAgeSeconds()! >= 3 * 3600);
  assert.equal(followed.watch.stale, false, 'a stream that is gone has a second to be back');
  await followed.clock.advance(200);
  const next = await followed.api.next();
  assert.deepEqual([next.query('resourceVersion'), next.query('sendInitialEvents')], ['100', null]);
  await followed.clock.advance(1200);
  assert.deepEqual([followed.watch.stale, followed.watch.reason], [true, 'disconnected']);
  assert.match(
    followed.watch.message!,
    /^this machine was suspended, or its clock set forward, for 10800 s$/,
  );
  next.head().events(event('MODIFIED', slice('a', 'db-9/u9'), '105'));
  await followed.clock.advance(200);
  assert.deepEqual([followed.watch.stale, followed.names()], [false, ['db-9/u9']]);
  assert.ok(followed.watch.upstreamAgeSeconds()! < 1);
});

test('a time of day that is set back by hours, or forward by a little, changes nothing', async () => {
  const followed = follow();
  const call = await synced(followed);
  for (const jump of [-3 * 3_600_000, 4000, -4000, 2000]) {
    followed.clock.suspend(jump);
    await followed.clock.advance(2000);
    assert.deepEqual([call.closed, followed.watch.stale], [false, false], `${jump}`);
    assert.ok(followed.watch.upstreamAgeSeconds()! < 20);
  }
});
