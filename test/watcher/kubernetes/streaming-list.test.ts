import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settle } from '../../support/fake-clock.ts';
import { bookmark, errorEvent, event } from '../../support/scripted-api.ts';
import { follow, slice, synced } from '../followed-group.ts';

test('a streaming list counts only when its closing bookmark has come', async () => {
  const followed = follow();
  const call = await followed.api.next();
  assert.equal(call.url.pathname, '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices');
  assert.equal(call.query('labelSelector'), 'kubernetes.io/service-name=db');
  assert.equal(call.query('sendInitialEvents'), 'true');
  assert.equal(call.query('resourceVersionMatch'), 'NotOlderThan');
  assert.equal(call.query('allowWatchBookmarks'), 'true');
  assert.equal(call.query('resourceVersion'), '');
  call.head().events(event('ADDED', slice('a', 'db-0/u0'), '5'), bookmark('6'));
  await settle();
  assert.equal(followed.watch.synced, false);
  call.events(event('ADDED', slice('b', 'db-1/u1'), '4'), bookmark('9', true));
  await settle();
  assert.equal(followed.output.syncs, 1);
  assert.deepEqual(followed.names(), ['db-0/u0', 'db-1/u1']);
  assert.equal(followed.watch.stale, false);
});

test('a streaming list that is cut before its end is no list', async () => {
  const followed = follow();
  const call = await followed.api.next();
  call
    .head()
    .events(event('ADDED', slice('a', 'db-0/u0'), '5'))
    .end();
  await followed.clock.advance(1000);
  assert.equal(followed.watch.synced, false);
  const again = await followed.api.next();
  assert.equal(again.query('sendInitialEvents'), 'true');
});

test('a streaming list that stalls is given up for pages', async () => {
  const followed = follow();
  const call = await followed.api.next();
  call.head().events(event('ADDED', slice('a', 'db-0/u0'), '5'));
  await followed.clock.advance(30_000);
  assert.equal(call.closed, true);
  assert.equal((await followed.api.next()).query('limit'), '500');
});

test('a complete list forgives the one that was cut before it', async () => {
  const followed = follow();
  const cutList = async () => {
    const call = await followed.api.next();
    assert.equal(call.query('sendInitialEvents'), 'true');
    call.head().events(bookmark('5')).end();
    await followed.clock.advance(1000);
  };
  await cutList();
  (await synced(followed)).events(errorEvent(410, 'Expired'));
  await cutList();
  assert.equal((await followed.api.next()).query('sendInitialEvents'), 'true');
});

test('a streaming list that has no end is given up for pages after a minute', async () => {
  const followed = follow();
  const call = await followed.api.next();
  call.head();
  for (let seconds = 0; seconds < 60; seconds += 10) {
    call.events(event('ADDED', slice('a', 'db-0/u0'), `${seconds + 1}`));
    await followed.clock.advance(10_000);
    assert.equal(call.closed, false);
  }
  call.events(event('MODIFIED', slice('a', 'db-0/u0'), '61'));
  assert.equal((await followed.api.next()).query('limit'), '500');
  assert.equal(call.closed, true);
});

test('an event of a streaming list forgives the failures before it', async () => {
  const followed = follow();
  (await synced(followed)).events(errorEvent(500, 'oh'));
  await followed.clock.advance(1000);
  (await followed.api.next()).head().events(errorEvent(500, 'oh'));
  await followed.clock.advance(2000);
  const relist = await followed.api.next();
  relist.head().events(event('ADDED', slice('a', 'db-0/u0'), '101'), errorEvent(404, 'NotFound'));
  await followed.clock.advance(4000);
  const again = await followed.api.next();
  assert.deepEqual([again.query('sendInitialEvents'), again.query('resourceVersion')], ['true', '100']);
});
