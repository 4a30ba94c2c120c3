import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settle } from '../../support/fake-clock.ts';
import { bookmark, errorEvent, event } from '../../support/scripted-api.ts';
import { endWatch, follow, slice, synced } from '../followed-group.ts';

test('410 relists, as a response and as an event; a second one soon after backs off', async () => {
  const followed = follow();
  const call = await synced(followed);
  await endWatch(followed, call);
  (await followed.api.next()).fail(410, 'Gone');
  const relist = await followed.api.next();
  assert.equal(relist.query('sendInitialEvents'), 'true');
  relist.head().events(event('ADDED', slice('a', 'db-0/u0'), '200'), bookmark('201', true));
  relist.events(errorEvent(410, 'Expired'));
  await followed.api.none();
  await followed.clock.advance(400);
  assert.equal((await followed.api.next()).query('sendInitialEvents'), 'true');
  assert.deepEqual(followed.names(), ['db-0/u0']);
});

test('a 5xx in the stream is rewatched from the same version, then relisted', async () => {
  const followed = follow();
  (await synced(followed)).events(errorEvent(500, 'InternalError'));
  await followed.clock.advance(400);
  const again = await followed.api.next();
  assert.equal(again.query('resourceVersion'), '100');
  assert.equal(again.query('sendInitialEvents'), null);
  again.head().events(errorEvent(500, 'InternalError'));
  await followed.clock.advance(800);
  const relist = await followed.api.next();
  assert.equal(relist.query('sendInitialEvents'), 'true');
  assert.equal(relist.query('resourceVersion'), '100', 'not older than what is known');
});

test('a version that the server has not reached asks for a consistent list', async () => {
  const followed = follow();
  const call = await synced(followed);
  await endWatch(followed, call);
  (await followed.api.next()).json(504, {
    kind: 'Status',
    code: 504,
    reason: 'Timeout',
    message: 'Too large resource version: 100, current: 7',
    details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }] },
  });
  await followed.clock.advance(400);
  const relist = await followed.api.next();
  assert.equal(relist.query('sendInitialEvents'), 'true');
  assert.equal(relist.query('resourceVersion'), '');
});

test('429 and 503 wait as long as the server asks, and go on from the same version', async () => {
  for (const status of [429, 503]) {
    const followed = follow();
    const call = await synced(followed);
    await endWatch(followed, call);
    (await followed.api.next()).fail(status, 'TooManyRequests', { 'retry-after': '7' });
    await followed.clock.advance(7399);
    await followed.api.none();
    assert.equal(followed.watch.stale, true);
    await followed.clock.advance(1);
    const again = await followed.api.next();
    assert.equal(again.query('resourceVersion'), '100');
    again.head();
    await followed.clock.advance(100);
    assert.equal(followed.watch.stale, false);
    assert.deepEqual(followed.names(), ['db-0/u0']);
  }
});

test('a wait that the server asks for is a minute at most', async () => {
  for (const asked of ['1e9', '3600', '61']) {
    const followed = follow();
    const call = await synced(followed);
    await endWatch(followed, call);
    (await followed.api.next()).fail(429, 'TooManyRequests', { 'retry-after': asked });
    await followed.clock.advance(60_000);
    await followed.api.none();
    await followed.clock.advance(400);
    await followed.api.next();
  }
});

test('a redirect is told with its target', async () => {
  const followed = follow();
  (await followed.api.next()).head(307, { location: 'https://elsewhere.test/api\n' }).send('moved').end();
  await settle();
  assert.match(
    followed.watch.message ?? '',
    /307: a redirect to "https:\/\/elsewhere\.test\/api\\n", which is not/,
  );
});

test('an event between two errors of a stream has it watched from the same version again', async () => {
  const followed = follow();
  (await synced(followed)).events(errorEvent(500, 'oh'));
  await followed.clock.advance(1000);
  const second = await followed.api.next();
  second.head().events(event('MODIFIED', slice('a', 'db-0/u0'), '101'), errorEvent(500, 'oh'));
  await followed.clock.advance(2000);
  const third = await followed.api.next();
  assert.deepEqual([third.query('sendInitialEvents'), third.query('resourceVersion')], [null, '101']);
});
