import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settle } from '../../support/fake-clock.ts';
import { bookmark, event } from '../../support/scripted-api.ts';
import { endWatch, type Followed, follow, slice, synced } from '../followed-group.ts';

test('a watch that keeps ending at once, without an event, backs off', async () => {
  const followed = follow();
  const first = await synced(followed);
  await endWatch(followed, first);
  (await followed.api.next()).head().end();
  await followed.api.none();
  await followed.clock.advance(400);
  (await followed.api.next()).head().end();
  await followed.clock.advance(799);
  await followed.api.none();
  await followed.clock.advance(1);
  await followed.api.next();
});

test('backoff doubles from 0.8 s to 30 s with full jitter, and starts over after 2 min of health', async () => {
  const followed = follow();
  followed.clock.chance = 1 - Number.EPSILON;
  const waits: number[] = [];
  for (let attempt = 0; attempt < 8; attempt += 1) {
    (await followed.api.next()).refuse();
    waits.push(await waitForNext(followed));
  }
  assert.deepEqual(waits, [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  const call = await synced(followed);
  for (let minute = 0; minute < 3; minute += 1) {
    call.events(bookmark(`${200 + minute}`));
    await followed.clock.advance(60_000);
  }
  call.break();
  await followed.clock.advance(200);
  (await followed.api.next()).refuse();
  assert.equal(await waitForNext(followed), 800);
  followed.clock.chance = 0;
  (await followed.api.next()).refuse();
  await followed.api.next();
});

async function waitForNext({ api, clock }: Followed): Promise<number> {
  await settle();
  const before = api.calls.length;
  const began = clock.now();
  for (let waited = 0; waited <= 40_000; waited += 100) {
    await settle();
    if (api.calls.length > before) return Math.round(clock.now() - began);
    await clock.advance(100);
  }
  throw new Error('no further request within 40 s');
}

test('a connection that breaks inside a streaming list backs off, so that it is not asked for without a pause', async () => {
  const followed = follow();
  followed.clock.chance = 1;
  (await followed.api.next())
    .head()
    .events(event('ADDED', slice('a', 'db-0/u0'), '5'))
    .break();
  await followed.clock.advance(700);
  await followed.api.none();
  await followed.clock.advance(200);
  assert.equal((await followed.api.next()).query('sendInitialEvents'), 'true');
  assert.equal(followed.watch.reason, 'disconnected');
});
