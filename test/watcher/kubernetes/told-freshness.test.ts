import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settle } from '../../support/fake-clock.ts';
import { event } from '../../support/scripted-api.ts';
import { follow, slice, synced } from '../followed-group.ts';

test('what was missed is told before the word that it is fresh again', async () => {
  const followed = follow();
  const call = await synced(followed);
  const order: string[] = [];
  followed.watch.add({
    synced: () => {},
    changed: ({ joined }) => order.push(`joined ${joined.map(({ uid }) => uid)}`),
    status: ({ stale }) => order.push(`stale ${stale}`),
    heartbeat: () => {},
  });
  call.break();
  await followed.clock.advance(2000);
  const again = await followed.api.next();
  again.head();
  await followed.clock.advance(99);
  assert.deepEqual(order, ['stale true']);
  again.events(event('MODIFIED', slice('a', 'db-0/u0', 'db-1/u1'), '105'));
  await followed.clock.advance(100);
  assert.deepEqual(order, ['stale true', 'joined u1', 'stale false']);
});

test('a service without any slice is stale as partial until one shows', async () => {
  const followed = follow();
  const call = await synced(followed, []);
  assert.deepEqual(
    [followed.watch.synced, followed.watch.stale, followed.watch.reason],
    [true, true, 'partial'],
  );
  assert.match(followed.watch.message ?? '', /service "db" in namespace "default"; create the Service/);
  call.events(event('ADDED', slice('a', 'db-0/u0'), '101'));
  await settle();
  assert.equal(followed.watch.stale, false);
  call.events(event('DELETED', slice('a', 'db-0/u0'), '102'));
  await followed.clock.advance(20);
  assert.deepEqual(followed.names(), []);
  assert.equal(followed.watch.stale, false, 'a slice that was seen and deleted is evidence');
});

test('heartbeats go on while the loop lists, sleeps and waits', async () => {
  const followed = follow();
  await followed.clock.advance(10_000);
  assert.deepEqual(
    followed.output.heartbeats.map(({ revision, stale, upstreamAgeSeconds }) => [
      revision,
      stale,
      upstreamAgeSeconds,
    ]),
    [
      [0, true, null],
      [0, true, null],
    ],
  );
  (await followed.api.next()).refuse();
  await followed.clock.advance(400);
  await synced(followed);
  await followed.clock.advance(60_000);
  assert.equal(followed.output.heartbeats.length, 14);
  const last = followed.output.heartbeats.at(-1);
  assert.deepEqual([last?.revision, last?.stale], [1, false]);
  assert.ok(last!.upstreamAgeSeconds! >= 55);
});

test('a service without any slice may also be one without a selector, or an ExternalName', async () => {
  const followed = follow();
  await synced(followed, []);
  assert.match(followed.watch.message ?? '', /without a selector needs EndpointSlices of its own/);
  assert.match(followed.watch.message ?? '', /ExternalName has no members/);
});

test('a part of what was missed is not all of it: a chunk that ends inside a line is waited for', async () => {
  const followed = follow();
  (await synced(followed)).break();
  await followed.clock.advance(2000);
  const again = await followed.api.next();
  const line = `${JSON.stringify(event('MODIFIED', slice('a', 'db-0/u0', 'db-1/u1'), '105'))}\n`;
  again.head().send(line.slice(0, 50));
  await followed.clock.advance(50);
  assert.equal(followed.watch.stale, true);
  again.send(line.slice(50));
  await followed.clock.advance(20);
  assert.deepEqual([followed.watch.stale, followed.names().length], [false, 2]);
});

test('the silence behind which nothing was missed begins anew with each chunk', async () => {
  const followed = follow();
  (await synced(followed)).break();
  await followed.clock.advance(2000);
  const again = await followed.api.next();
  again.head();
  await followed.clock.advance(60);
  again.send('{"type":');
  await followed.clock.advance(99);
  assert.equal(followed.watch.stale, true);
  await followed.clock.advance(1);
  assert.equal(followed.watch.stale, false);
});
