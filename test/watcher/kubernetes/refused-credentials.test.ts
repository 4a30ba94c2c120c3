import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settle } from '../../support/fake-clock.ts';
import { errorEvent } from '../../support/scripted-api.ts';
import { endWatch, follow, synced } from '../followed-group.ts';

test('401 rereads the token and tries again at once, then counts as a failure', async () => {
  const followed = follow();
  const call = await synced(followed);
  await endWatch(followed, call);
  (await followed.api.next()).fail(401, 'Unauthorized');
  const again = await followed.api.next();
  assert.equal(followed.api.tokenRefreshes, 1);
  assert.equal(followed.watch.stale, false);
  again.fail(401, 'Unauthorized');
  await settle();
  assert.equal(followed.api.tokenRefreshes, 2);
  assert.deepEqual([followed.watch.stale, followed.watch.reason], [true, 'unauthorized']);
});

test('403 is stale with its reason, and is retried for ever', async () => {
  const followed = follow();
  const call = await synced(followed);
  await endWatch(followed, call);
  for (let attempt = 0; attempt < 20; attempt += 1) {
    (await followed.api.next()).fail(403, 'endpointslices is forbidden');
    await settle();
    assert.deepEqual([followed.watch.stale, followed.watch.reason], [true, 'forbidden']);
    await followed.clock.advance(30_000);
  }
  assert.deepEqual(followed.names(), ['db-0/u0']);
  (await followed.api.next()).head();
  await followed.clock.advance(100);
  assert.equal(followed.watch.stale, false);
  const told = followed.output.statuses.map(({ stale, reason }) => [stale, reason]);
  assert.deepEqual(told, [
    [true, 'forbidden'],
    [false, undefined],
  ]);
});

test('a certificate that is not accepted has token and CA read again, and is tried again at once', async () => {
  const followed = follow();
  const call = await synced(followed);
  await endWatch(followed, call);
  (await followed.api.next()).refuse('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  const again = await followed.api.next();
  assert.deepEqual([followed.api.tokenRefreshes, followed.watch.stale], [1, false]);
  again.refuse('SELF_SIGNED_CERT_IN_CHAIN');
  await settle();
  assert.deepEqual([followed.api.tokenRefreshes, followed.watch.stale], [2, true]);
  await followed.api.none();
});

test('credentials that worked are read again at once when they are refused another time', async () => {
  const followed = follow();
  (await followed.api.next()).fail(401, 'Unauthorized');
  const first = await synced(followed);
  assert.equal(followed.api.tokenRefreshes, 1);
  first.events(errorEvent(401, 'Unauthorized'));
  await settle();
  assert.deepEqual([followed.api.tokenRefreshes, followed.watch.stale], [2, false]);
  await followed.api.next();
});
