import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type ConnectOptions,
  connect,
  type Disconnection,
  type GroupChange,
  type GroupStatus,
  type LiveGroup,
  socketPathOf,
  UnsupportedProtocol,
} from '../../src/client/client.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import {
  delta,
  heartbeat,
  hello,
  type ScriptedSidecar,
  scriptedSidecar,
  soon,
} from '../watcher/scripted-sidecar.ts';
import { member } from '../watcher/scripted-source.ts';

const [a, b, c] = [member('a'), member('b'), member('c')];

/** A client of the scripted sidecar, with all that it tells. */
function follow(t: TestContext, sidecar: ScriptedSidecar, options: ConnectOptions = {}) {
  const clock = new FakeClock();
  const group = connect(sidecar.path, { clock, ...options });
  t.after(() => group.close());
  const changes: GroupChange[] = [];
  const statuses: GroupStatus[] = [];
  const disconnections: Disconnection[] = [];
  group.on('change', (change) => changes.push(change));
  group.on('status', (status) => statuses.push(status));
  group.on('disconnect', (disconnection) => disconnections.push(disconnection));
  return { clock, group, changes, statuses, disconnections };
}

const uids = (group: LiveGroup) => [...group.members.keys()].sort().join(' ');

/** Returns an item or an event in short. */
function brief({ left, joined, changed, stale, reason }: GroupChange): string {
  const parts = [
    ...left.map(({ uid }) => `-${uid}`),
    ...joined.map(({ uid }) => `+${uid}`),
    ...changed.map(({ uid }) => `~${uid}`),
  ];
  return [...parts, ...(stale ? [`stale:${reason}`] : [])].join(' ');
}

async function item(changes: AsyncIterator<GroupChange, undefined>): Promise<string> {
  const next = await changes.next();
  return next.done ? 'done' : brief(next.value);
}

test('a further group has its socket in a folder of its name', () => {
  assert.equal(socketPathOf('backends'), '/run/rollcall/backends/members.sock');
});

describe('what the stream says', () => {
  test('is held: members, self, revision, epoch and hello', async (t) => {
    const sidecar = await scriptedSidecar(t);
    const { group, changes } = follow(t, sidecar);
    const me = member('me', { self: true });
    const connection = (await sidecar.next()).greet([a, me], { revision: 7 });
    assert.equal(await group.ready(), group);
    assert.deepEqual([...group.members.values()], [a, me]);
    assert.equal(group.self, group.members.get('me'));
    assert.deepEqual([group.synced, group.stale, group.reason], [true, false, undefined]);
    assert.deepEqual([group.epoch, group.revision, group.hello?.source], ['e1', 7, 'endpointslices']);

    connection.say(delta(8, { left: [a], joined: [b], changed: [{ ...me, ready: false }] }));
    await soon('the delta', () => group.revision === 8);
    assert.deepEqual(changes.map(brief), ['+a +me', '-a +b ~me']);
    assert.equal(uids(group), 'b me');
    assert.equal(group.self?.ready, false);
    assert.equal(changes[1]?.members, group.members);
  });

  test('of this pod is held as self for as long as it is said', async (t) => {
    const sidecar = await scriptedSidecar(t);
    const { group } = follow(t, sidecar);
    const me = member('me', { self: true });
    const connection = (await sidecar.next()).greet([me, a]);
    await group.ready();
    assert.equal(group.self?.uid, 'me');
    connection.say(delta(2, { changed: [member('me')] }));
    await soon('the delta', () => group.revision === 2);
    assert.equal(group.self, undefined);
    connection.say(delta(3, { changed: [me] }), {
      type: 'snapshot',
      epoch: 'e1',
      revision: 4,
      stale: false,
      members: [member('me'), a],
    });
    await soon('the snapshot', () => group.revision === 4);
    assert.equal(group.self, undefined);
  });

  test('is nothing before the first snapshot', async (t) => {
    const sidecar = await scriptedSidecar(t);
    const { group, changes, statuses } = follow(t, sidecar);
    const first = group[Symbol.asyncIterator]().next();
    const connection = (await sidecar.next()).say(hello({ synced: false }), heartbeat(0, true));
    await soon('the hello', () => group.hello);
    await settle();
    assert.deepEqual([group.synced, group.stale, group.reason, changes.length], [false, true, 'unsynced', 0]);
    assert.equal(await Promise.race([first, settle().then(() => 'none')]), 'none');

    connection.say({ type: 'snapshot', epoch: 'e1', revision: 1, stale: false, members: [] });
    await group.ready();
    assert.deepEqual(changes.map(brief), ['']);
    assert.equal((await first).value?.members.size, 0);
    assert.deepEqual(
      statuses.map(({ reason }) => reason),
      ['unsynced', undefined],
    );
  });

  test('of its health is held too, with the reason, and since when', async (t) => {
    const sidecar = await scriptedSidecar(t);
    const { clock, group, statuses } = follow(t, sidecar);
    const connection = (await sidecar.next()).greet([a]);
    await group.ready();
    await clock.advance(1000);
    const message = 'the API server says 403';
    connection.say({ type: 'status', stale: true, reason: 'forbidden', message, since: 'whenever' });
    await soon('stale', () => group.stale);
    assert.deepEqual(group.status, { stale: true, reason: 'forbidden', message, since: clock.date() });
    // A reader that fell behind is told by the snapshot; the reason that it has stands.
    connection.say({ type: 'snapshot', epoch: 'e1', revision: 5, stale: true, members: [a, b] });
    await soon('the snapshot', () => group.revision === 5);
    assert.equal(group.reason, 'forbidden');
    connection.say(heartbeat(5, false));
    await soon('fresh', () => !group.stale);
    assert.deepEqual(
      statuses.map(({ stale, reason }) => [stale, reason]),
      [
        [false, undefined],
        [true, 'forbidden'],
        [false, undefined],
      ],
    );
  });

  test('is taken however the bytes are cut, and unknown types and fields are ignored', async (t) => {
    const sidecar = await scriptedSidecar(t);
    const { group, disconnections } = follow(t, sidecar);
    const lines = [
      { ...hello(), future: [1] },
      { type: 'weather', rain: true },
      {
        type: 'snapshot',
        epoch: 'e1',
        revision: 1,
        stale: false,
        members: [{ ...a, name: 'größe-😀', x: 1 }],
      },
      { type: 'toString' },
      { ...delta(2, { joined: [b] }), future: { deep: true } },
    ];
    const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const connection = await sidecar.next();
    for (let start = 0; start < bytes.length; start += 7) {
      connection.raw(bytes.subarray(start, start + 7));
      if (start % 49 === 0) await settle();
    }
    await soon('the delta', () => group.revision === 2);
    assert.equal(group.members.get('a')?.name, 'größe-😀');
    assert.equal(disconnections.length, 0);
  });
});

describe('an iterator', () => {
  test('begins with all members, then tells what happened since the item before', async (t) => {
    const sidecar = await scriptedSidecar(t);
    const { group } = follow(t, sidecar);
    const changes = group[Symbol.asyncIterator]();
    const connection = (await sidecar.next()).greet([a]);
    assert.equal(await item(changes), '+a');
    connection.say(delta(2, { left: [a], joined: [b] }));
    assert.equal(await item(changes), '-a +b');
    connection.say({ type: 'status', stale: true, reason: 'disconnected', since: '' });
    assert.equal(await item(changes), 'stale:disconnected');
    // What comes in one piece is one item, so that `members` is never ahead of what the item tells.
    const next = changes.next();
    connection.say(delta(3, { joined: [a] }), delta(4, { joined: [c] }));
    assert.equal(brief((await next).value!), '+a +c stale:disconnected');
    connection.say(delta(5, { left: [a, c] }));
    assert.equal(await item(changes), '-a -c stale:disconnected');
    // One that begins now does not depend on what the other was told.
    assert.equal(await item(group[Symbol.asyncIterator]()), '+b stale:disconnected');
  });

  test('whose consumer is slow has all that happened in one item, and holds no more than that', async (t) => {
    const sidecar = await scriptedSidecar(t);
    const { group } = follow(t, sidecar);
    const changes = group[Symbol.asyncIterator]();
    const connection = (await sidecar.next()).greet([a, b]);
    assert.equal(await item(changes), '+a +b');
    // Each of 2,000 members is there for one revision only.
    for (let revision = 2; revision < 2002; revision += 1) {
      const gone = revision === 2 ? [a] : [member(`m${revision - 1}`)];
      connection.say(delta(revision, { left: gone, joined: [member(`m${revision}`)] }));
    }
    connection.say(delta(2002, { changed: [{ ...b, ready: false }] }), delta(2003, { joined: [a] }));
    await soon('all of it', () => group.revision === 2003);
    assert.equal(await item(changes), '+m2001 ~b ~a');
  });

  test('that is left costs nothing more, and the others go on', async (t) => {
    const sidecar = await scriptedSidecar(t);
    const { group } = follow(t, sidecar);
    const connection = (await sidecar.next()).greet([a]);
    const other = group[Symbol.asyncIterator]();
    for await (const change of group) {
      assert.equal(brief(change), '+a');
      break;
    }
    connection.say(delta(2, { joined: [b] }));
    await soon('the delta', () => group.revision === 2);
    assert.equal(await item(other), '+a +b');
    const pending = other.next();
    await other.return?.();
    assert.deepEqual(await pending, { done: true, value: undefined });
  });
});

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
    clock.chance = 0.999;
    for (let failure = 1; failure <= 8; failure += 1) {
      await soon('the failure', () => disconnections.length === failure);
      if (failure < 8) await clock.advance(disconnections.at(-1)!.retryInMs);
    }
    const delays = disconnections.map(({ retryInMs }) => Math.round(retryInMs / 0.999));
    assert.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    assert.match(disconnections[0]!.message, /ENOENT/);

    await sidecar.listen();
    clock.chance = 0;
    await clock.advance(5000);
    const connection = (await sidecar.next()).greet([a]);
    await group.ready();
    await clock.advance(10_000);
    connection.socket.destroy();
    clock.chance = 0.999;
    await soon('the end', () => disconnections.length === 9);
    assert.equal(Math.round(disconnections[8]!.retryInMs), 100);
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

describe('a stream that can not be believed', () => {
  const snapshot = (members: object[]) => ({
    type: 'snapshot',
    epoch: 'e1',
    revision: 1,
    stale: false,
    members,
  });
  const line = (value: object) => `${JSON.stringify(value)}\n`;
  const cases: [what: string, said: string | Uint8Array, problem: RegExp][] = [
    ['a revision that is missing', line(delta(3, { left: [a] })), /delta 3: it comes after revision 1/],
    ['a revision that comes twice', line(delta(1, { left: [a] })), /delta 1: it comes after revision 1/],
    ['a heartbeat of a revision that never came', line(heartbeat(2)), /heartbeat of revision 2 after 1/],
    ['a departure of nobody', line(delta(2, { left: [a, c] })), /c left and was no member/],
    ['a member that joins twice', line(delta(2, { left: [a], joined: [b] })), /b joined and was a member/],
    ['a change of nobody', line(delta(2, { left: [a], changed: [a] })), /a changed and was no member/],
    ['a snapshot with a member twice', line(snapshot([c, c])), /lists a member twice/],
    [
      'a snapshot without members',
      line({ ...snapshot([]), members: undefined }),
      /snapshot without its fields/,
    ],
    ['a member without a uid', line(snapshot([{ name: 'a' }])), /snapshot without its fields/],
    ['a line that is cut', '{"type":"delta","revi\n', /not JSON/],
    ['a line that is no object', '7\n', /without a type/],
    ['bytes that are not UTF-8', new Uint8Array([0x22, 0xff, 0x22, 0x0a]), /not UTF-8/],
    ['a line that does not end', 'x'.repeat(200_000), /a line of over 100000 bytes/],
    ['a second hello', line(hello()), /second hello/],
  ];
  for (const [what, said, problem] of cases) {
    test(`for ${what} is left, and nothing of it is taken`, async (t) => {
      const sidecar = await scriptedSidecar(t);
      const { clock, group, changes, disconnections } = follow(t, sidecar, { maxLineBytes: 100_000 });
      const connection = (await sidecar.next()).greet([a, b]);
      await group.ready();
      connection.raw(said);
      await soon('the end', () => disconnections.length === 1);
      assert.match(disconnections[0]!.message, problem);
      assert.deepEqual([group.stale, uids(group), changes.length], [true, 'a b', 1]);
      await soon('its end', () => connection.ended);
      await clock.advance(50);
      (await sidecar.next()).greet([b], { revision: 4 });
      await soon('the truth', () => group.revision === 4);
      assert.deepEqual(changes.map(brief), ['+a +b', '-a']);
    });
  }

  test('that does not begin with hello, or tells a change before a snapshot, is left', async (t) => {
    const sidecar = await scriptedSidecar(t);
    const { clock, group, disconnections } = follow(t, sidecar);
    (await sidecar.next()).say(snapshot([a]));
    await soon('the end', () => disconnections.length === 1);
    assert.match(disconnections[0]!.message, /first line is snapshot/);
    await clock.advance(50);
    (await sidecar.next()).say(hello(), delta(1, { joined: [a] }));
    await soon('the end', () => disconnections.length === 2);
    assert.match(disconnections[1]!.message, /before the first snapshot/);
    assert.deepEqual([group.synced, group.members.size], [false, 0]);
  });
});

describe('a sidecar of another protocol', () => {
  const problem = /the sidecar speaks protocol 2 and this client protocol 1; use the version/;

  test('ends the group with an error for every consumer', async (t) => {
    const sidecar = await scriptedSidecar(t);
    const { clock, group } = follow(t, sidecar);
    const errors: Error[] = [];
    group.on('error', (error) => errors.push(error));
    const waiting = assert.rejects(group.ready(), problem);
    const next = assert.rejects(group[Symbol.asyncIterator]().next(), UnsupportedProtocol);
    const connection = (await sidecar.next()).say(hello({ protocol: 2 }));
    await Promise.all([waiting, next]);
    assert.match(errors[0]!.message, problem);
    await soon('its end', () => connection.ended);
    await clock.advance(60_000);
    assert.equal(sidecar.connections.length, 1);
    await assert.rejects(group.ready(), problem);
    await assert.rejects(group[Symbol.asyncIterator]().next(), problem);
  });

  test('leaves what was known', async (t) => {
    const sidecar = await scriptedSidecar(t);
    const { clock, group } = follow(t, sidecar);
    group.on('error', () => {});
    (await sidecar.next()).greet([a]).socket.end();
    await soon('the end', () => group.synced && group.stale);
    await clock.advance(50);
    (await sidecar.next()).say(hello({ protocol: 2 }));
    await soon('the error', () => /protocol 2/.test(group.status.message ?? ''));
    assert.deepEqual([uids(group), group.stale, group.reason], ['a', true, 'unconnected']);
  });
});

describe('closing', () => {
  test('by an AbortSignal ends iterators, waiting and reconnecting', async (t) => {
    const sidecar = await scriptedSidecar(t);
    const stop = new AbortController();
    const { clock, group } = follow(t, sidecar, { signal: stop.signal });
    const connection = (await sidecar.next()).greet([a]);
    const items = group[Symbol.asyncIterator]();
    assert.equal(await item(items), '+a');
    const pending = item(items);
    let closes = 0;
    group.on('close', () => {
      closes += 1;
    });
    stop.abort();
    assert.equal(await pending, 'done');
    assert.equal(await item(items), 'done');
    assert.equal(await item(group[Symbol.asyncIterator]()), 'done');
    await soon('its end', () => connection.ended);
    await clock.advance(60_000);
    assert.equal(sidecar.connections.length, 1);
    group.close();
    assert.equal(closes, 1);
    assert.deepEqual([uids(group), group.synced, group.stale], ['a', true, true]);
    await assert.rejects(group.ready(), { name: 'AbortError' });
  });

  test('before anything is known rejects who waits', async (t) => {
    const sidecar = await scriptedSidecar(t, { listen: false });
    const { clock, group, disconnections } = follow(t, sidecar);
    const waiting = assert.rejects(group.ready(), /the group was closed/);
    await soon('the failure', () => disconnections.length === 1);
    group.close();
    await waiting;
    await clock.advance(60_000);
    assert.equal(disconnections.length, 1);
    const never = connect(sidecar.path, { signal: AbortSignal.abort() });
    await assert.rejects(never.ready(), { name: 'AbortError' });
  });
});

test('a path that can be no socket is refused at once, with what to do', () => {
  assert.throws(() => connect(`/${'x'.repeat(107)}`), /108 bytes long.*at most 107; mount/);
});
