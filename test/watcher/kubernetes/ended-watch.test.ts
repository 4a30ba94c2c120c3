import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settle } from '../../support/fake-clock.ts';
import { bookmark, type Call, event } from '../../support/scripted-api.ts';
import { endWatch, follow, slice, synced } from '../followed-group.ts';

test('the version follows events and bookmarks, and a clean end is rewatched at once', async () => {
  const followed = follow();
  const first = await synced(followed);
  first.events(event('MODIFIED', slice('a', 'db-0/u0', 'db-1/u1'), '105'));
  await endWatch(followed, first);
  const second = await followed.api.next();
  assert.equal(second.query('resourceVersion'), '105');
  const seconds = Number(second.query('timeoutSeconds'));
  assert.ok(seconds >= 300 && seconds <= 600, `timeoutSeconds=${seconds}`);
  second.head().events(bookmark('140'));
  await endWatch(followed, second);
  assert.equal((await followed.api.next()).query('resourceVersion'), '140');
  assert.equal(followed.watch.stale, false);
});

for (const [how, end] of Object.entries({
  cleanly: (call: Call) => call.end(),
  'by reset': (call: Call) => call.break(),
  'by a broken chunk': (call: Call) => call.break('HPE_INVALID_CHUNK_SIZE'),
})) {
  test(`an established watch that ends is resumed at once, from the same version > ${how}`, async () => {
    const followed = follow();
    followed.clock.chance = 1 - Number.EPSILON;
    let call = await synced(followed);
    // As a proxy does that cuts idle connections; a second silent watch in a row asks for a list.
    for (let round = 1; round <= 40; round += 1) {
      call.events(event('MODIFIED', slice('a', 'db-0/u0', `db-1/u${round}`), `${200 + round}`));
      await followed.clock.advance(20_000);
      end(call);
      await followed.clock.advance(199);
      await followed.api.none();
      await followed.clock.advance(1);
      call = await followed.api.next();
      assert.equal(call.query('resourceVersion'), `${200 + round}`);
      call.head();
      await followed.clock.advance(100);
    }
    assert.deepEqual(followed.output.statuses, [], 'never stale');
  });
}

test('an established watch that ends and is not back within a second is stale, then backs off as before', async () => {
  const followed = follow();
  const call = await synced(followed);
  await followed.clock.advance(20_000);
  call.break();
  await followed.clock.advance(100);
  (await followed.api.next()).refuse();
  await settle();
  assert.deepEqual([followed.watch.stale, followed.watch.reason], [true, 'disconnected']);
  await followed.clock.advance(399);
  await followed.api.none();
  await followed.clock.advance(1);
  (await followed.api.next()).refuse();
});

test('a watch that breaks in under a second without an event is a failure', async () => {
  const followed = follow();
  const call = await synced(followed);
  await followed.clock.advance(2000);
  call.end();
  await followed.clock.advance(100);
  const short = (await followed.api.next()).head();
  await followed.clock.advance(900);
  short.break();
  await settle();
  assert.equal(followed.watch.stale, true);
  await followed.clock.advance(399);
  await followed.api.none();
});

test('a stream that ended and does not come back within a second is stale', async () => {
  const followed = follow();
  const call = await synced(followed);
  await endWatch(followed, call);
  const again = await followed.api.next();
  await followed.clock.advance(700);
  assert.equal(followed.watch.stale, false);
  await followed.clock.advance(1100);
  assert.deepEqual([followed.watch.stale, followed.watch.reason], [true, 'disconnected']);
  again.head();
  await followed.clock.advance(100);
  assert.equal(followed.watch.stale, false);
});
