import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { soon } from '../support/eventually.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { delta, heartbeat, hello, scriptedSidecar } from '../watcher/scripted-sidecar.ts';
import { a, b, brief, c, follow, item, uids } from './followed-sidecar.ts';

describe('a connection that ends', () => {
  test('leaves what is held, as stale, until the next snapshot; no departure is missed', async (t) => {
    const sidecar = await scriptedSidecar(t);
    const { clock, group, changes, disconnections } = follow(t, sidecar);
    const items = group[Symbol.asyncIterator]();
    (await sidecar.next()).greet([a, b], { revision: 9 }).socket.destroy();
    assert.equal(await item(items), '+a +b');
    assert.equal(await item(items), 'stale:unconnected');
    assert.equal(uids(group), 'a b');
    assert.equal(disconnections.length, 1);

    await clock.advance(100);
    const again = (await sidecar.next()).say(hello({ epoch: 'e2' }));
    // What was remembered does not become fresh by a word on the health of what is to come.
    again.say({ type: 'status', stale: false, since: '' }, heartbeat(3));
    await soon('the hello', () => group.hello?.epoch === 'e2');
    await settle();
    assert.deepEqual([group.stale, group.reason, uids(group)], [true, 'unconnected', 'a b']);

    const changed = { ...b, ready: false };
    again.say({ type: 'snapshot', epoch: 'e2', revision: 3, stale: false, members: [changed, c] });
    assert.equal(await item(items), '-a +c ~b');
    assert.deepEqual(changes.map(brief), ['+a +b', '-a +c ~b']);
    assert.deepEqual([group.epoch, group.revision, group.stale], ['e2', 3, false]);
  });

  test('with bye is followed by the next', async (t) => {
    const sidecar = await scriptedSidecar(t);
    const { clock, group, disconnections } = follow(t, sidecar);
    const first = (await sidecar.next()).greet([a]).say({ type: 'bye', reason: 'SIGTERM' });
    await soon('stale', () => group.synced && group.stale);
    assert.deepEqual(disconnections, [{ message: 'the sidecar said bye: SIGTERM', retryInMs: 50 }]);
    await soon('its end', () => first.ended);
    await clock.advance(50);
    (await sidecar.next()).greet([a], { epoch: 'e2' });
    await soon('fresh', () => !group.stale);
    assert.equal(uids(group), 'a');
  });

  test('is tried again with jittered backoff from 0.1 to 5 s, which starts over after 10 s of health', async (t) => {
    const sidecar = await scriptedSidecar(t, { listen: false });
    const { clock, group, disconnections } = follow(t, sidecar);
    clock.chance = 0.5;
    for (let failure = 1; failure <= 8; failure += 1) {
      await soon('the failure', () => disconnections.length === failure);
      if (failure < 8) await clock.advance(disconnections.at(-1)!.retryInMs);
    }
    const delays = disconnections.map(({ retryInMs }) => Math.round(retryInMs / 0.5));
    assert.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    assert.match(disconnections[0]!.message, /ENOENT/);

    await sidecar.listen();
    await clock.advance(disconnections.at(-1)!.retryInMs);
    const connection = (await sidecar.next()).greet([a]);
    await group.ready();
    await clock.advance(10_000);
    connection.socket.destroy();
    await soon('the end', () => disconnections.length === 9);
    assert.equal(disconnections[8]!.retryInMs, 50);

    await clock.advance(50);
    const short = (await sidecar.next()).greet([a]);
    await soon('fresh', () => !group.stale);
    await clock.advance(9999);
    short.socket.destroy();
    await soon('the end', () => disconnections.length === 10);
    assert.equal(Math.round(disconnections[9]!.retryInMs / 0.5), 200, 'that was not long enough');
  });
});

describe('a sidecar that says nothing', () => {
  test('for three heartbeats is left for a new connection', async (t) => {
    const sidecar = await scriptedSidecar(t);
    const { clock, group, disconnections } = follow(t, sidecar);
    const connection = (await sidecar.next()).greet([a]);
    await group.ready();
    await clock.advance(14_000);
    connection.say(heartbeat(1));
    await settle();
    await clock.advance(14_999);
    assert.equal(disconnections.length, 0);
    await clock.advance(1);
    assert.deepEqual(disconnections, [{ message: 'the sidecar sent nothing for 15 s', retryInMs: 50 }]);
    await soon('its end', () => connection.ended);
    await clock.advance(50);
    (await sidecar.next()).greet([a, b]);
    await soon('the snapshot', () => group.members.size === 2);
  });

  test('is left in the time that its hello gives, and before its hello in 15 s', async (t) => {
    const sidecar = await scriptedSidecar(t);
    const { clock, disconnections, group } = follow(t, sidecar);
    (await sidecar.next()).say(hello({ heartbeatSeconds: 1 }));
    await soon('the hello', () => group.hello);
    await clock.advance(2999);
    assert.equal(disconnections.length, 0);
    await clock.advance(1);
    assert.equal(disconnections.length, 1);
    await clock.advance(50);
    await sidecar.next();
    await clock.advance(14_999);
    assert.equal(disconnections.length, 1);
    await clock.advance(1);
    assert.equal(disconnections.length, 2);
  });

  test('is not one whose bytes wait to be read by a process that was busy', async (t) => {
    const sidecar = await scriptedSidecar(t);
    let now = 0;
    const timers: (() => void)[] = [];
    const clock = Object.assign(new FakeClock(), {
      now: () => now,
      setTimeout: (run: () => void) => timers.push(run),
    });
    const { group, disconnections } = follow(t, sidecar, { clock });
    const connection = (await sidecar.next()).greet([a]);
    await group.ready();
    now = 60_000;
    // Timers come before input in a turn of Node's event loop: this goes on where they run.
    await delay(1);
    connection.say(delta(2, { joined: [b] }));
    for (const run of timers.splice(0)) run();
    await soon('the delta', () => group.revision === 2);
    await settle();
    assert.equal(disconnections.length, 0);
    now = 75_000;
    for (const run of timers.splice(0)) run();
    await soon('the end', () => disconnections.length === 1);
  });
});
