/** Cases in which a list and a watch follow the API or do not, which test/simulation found. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { errorEvent, event, list } from '../support/scripted-api.ts';
import { follow, Recorder, slice, synced } from './followed-group.ts';
import { followDns, publish, ScriptedDns } from './scripted-dns.ts';
import { member, scripted, watchOf } from './scripted-source.ts';

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

test('a chunk that ends inside a line is not all that was missed', async () => {
  const followed = follow();
  (await synced(followed)).break();
  await followed.clock.advance(2000);
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

test('what has begun to come back is not fresh before the last of it has come', async () => {
  const followed = follow();
  (await synced(followed)).break();
  await followed.clock.advance(2000);
  const lines = ['db-1/u1', 'db-2/u2'].map((pod, index) =>
    JSON.stringify(event('MODIFIED', slice('a', 'db-0/u0', pod), `${105 + index}`)),
  );
  const text = `${lines.join('\n')}\n`;
  const again = await followed.api.next();
  again.head().send(text.slice(0, -100));
  await settle();
  assert.deepEqual([followed.names(), followed.watch.stale], [['db-0/u0', 'db-1/u1'], true]);
  again.send(text.slice(-100));
  await settle();
  assert.deepEqual([followed.names(), followed.watch.stale], [['db-0/u0', 'db-2/u2'], false]);
});

test('a departure waits for the window also right after what went out before its time', async () => {
  const source = scripted();
  const clock = new FakeClock();
  const output = new Recorder();
  watchOf(source, clock, output);
  source.push({ type: 'replace', parts: new Map([['a', [member('u0')]]]) });
  source.push({ type: 'failure', reason: 'disconnected', message: 'gone' });
  await clock.advance(100);
  source.push({ type: 'set', key: 'a', members: [member('u0'), member('u1')] });
  source.push({ type: 'fresh' });
  source.push({ type: 'set', key: 'a', members: [member('u0')] });
  await settle();
  assert.deepEqual(
    output.deltas.map(({ revision, left }) => [revision, left.length]),
    [[2, 0]],
    'the join went out before the word that it is fresh',
  );
  source.push({ type: 'set', key: 'b', members: [member('u1')] });
  await clock.advance(20);
  assert.equal(output.deltas.length, 1, 'u1 has moved, not left');
});

test('the loop shows its life once a second while DNS is asked and not answered', async () => {
  const dns = new ScriptedDns();
  publish(dns, { 'db-0': ['10.0.0.1'] });
  const { clock, watch } = followDns(dns);
  await clock.advance(300);
  dns.fault = () => 'hang';
  let oldest = 0;
  for (let step = 0; step < 300; step += 1) {
    await clock.advance(100);
    oldest = Math.max(oldest, watch.pulseAgeSeconds());
  }
  assert.ok(oldest <= 1, `${oldest} s without a sign of life`);
});

test('the first word on a group of DNS leaves nobody out, whatever was learnt before it', async () => {
  const dns = new ScriptedDns();
  publish(dns, { 'db-0': ['10.0.0.1', 'fd00::1'] });
  dns.fault = (question) => (question.startsWith('AAAA') ? 'ESERVFAIL' : undefined);
  const { clock, watch, held } = followDns(dns);
  await clock.advance(100);
  publish(dns, { 'db-0': ['10.0.0.1'], 'db-1': ['10.0.0.2'] });
  dns.fault = (question) => (question.includes('db-1.') ? 'ESERVFAIL' : undefined);
  await clock.advance(20_000);
  assert.deepEqual([watch.synced, watch.reason], [false, 'dns']);
  dns.fault = () => undefined;
  await clock.advance(31_000);
  assert.deepEqual(held(), ['db-0 10.0.0.1', 'db-1 10.0.0.2']);
});
