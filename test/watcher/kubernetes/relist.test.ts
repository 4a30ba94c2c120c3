import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settle } from '../../support/fake-clock.ts';
import { bookmark, errorEvent, event } from '../../support/scripted-api.ts';
import { follow, slice, synced } from '../followed-group.ts';
import { keepAlive } from './kept-alive.ts';

test('what is not in a relist has left, compared by uid', async () => {
  const followed = follow();
  const call = await synced(followed, [slice('a', 'db-0/u0', 'db-1/u1', 'db-2/u2')]);
  call.events(errorEvent(410, 'Expired'));
  const relist = await followed.api.next();
  assert.equal(relist.query('resourceVersion'), '');
  relist.head().events(event('ADDED', slice('a', 'db-0/u0', 'db-1/u1-again'), '200'), bookmark('201', true));
  await followed.clock.advance(20);
  const [delta] = followed.output.deltas;
  assert.deepEqual(
    [delta?.left, delta?.joined, delta?.changed].map((members) => members?.map(({ uid }) => uid)),
    [['u1', 'u2'], ['u1-again'], []],
  );
  assert.equal(followed.output.deltas.length, 1);
});

test('a safety relist comes 10 to 15 min after the last list, with a consistent read', async () => {
  for (const [chance, milliseconds] of [
    [0, 600_000],
    [1 - Number.EPSILON, 900_000],
  ] as const) {
    const followed = follow();
    followed.clock.chance = chance;
    const call = await synced(followed);
    await keepAlive(followed, call, milliseconds - 5000);
    await followed.api.none();
    await followed.clock.advance(6000);
    const relist = await followed.api.next();
    assert.equal(relist.query('sendInitialEvents'), 'true');
    assert.equal(relist.query('resourceVersion'), '');
    // The data went back in time: the version is lower, and what it says counts.
    relist.head().events(event('ADDED', slice('a', 'db-3/u3'), '2'), bookmark('3', true));
    await followed.clock.advance(20);
    assert.deepEqual(followed.names(), ['db-3/u3']);
    assert.equal(followed.watch.stale, false);
  }
});

test('a watch that missed more writes than there are objects lists again, from what it knows', async () => {
  for (const [changes, listed] of [
    [3, null],
    [120, 'true'],
  ] as const) {
    const followed = follow();
    const call = await synced(followed);
    for (let round = 1; round <= changes; round += 1)
      call.events(event('MODIFIED', slice('a', 'db-0/u0', `db-1/u${round}`), `${200 + round}`));
    await settle();
    call.end();
    await followed.clock.advance(200);
    // As long as it is away for a moment only, it goes on from its version.
    const resumed = await followed.api.next();
    assert.equal(resumed.query('sendInitialEvents'), null);
    resumed.fail(503, 'ServiceUnavailable', { 'retry-after': '5' });
    await followed.clock.advance(5400);
    const again = await followed.api.next();
    assert.equal(again.query('sendInitialEvents'), listed, `after ${changes} changes in a moment`);
    assert.equal(again.query('resourceVersion'), `${200 + changes}`, 'nothing older than what is known');
  }
});

test('a large group has its safety relist later: with 2000 members after 20 min at the soonest', async () => {
  const followed = follow();
  followed.clock.chance = 0;
  const slices = Array.from({ length: 20 }, (_, index) =>
    slice(`s-${index}`, ...Array.from({ length: 100 }, (_, at) => `db-${index}-${at}/u${index}-${at}`)),
  );
  const call = await synced(followed, slices);
  await keepAlive(followed, call, 1_195_000);
  await followed.api.none();
  await followed.clock.advance(6000);
  assert.equal((await followed.api.next()).query('sendInitialEvents'), 'true');
});
