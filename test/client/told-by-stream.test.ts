import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { soon } from '../support/eventually.ts';
import { settle } from '../support/fake-clock.ts';
import { delta, heartbeat, hello, scriptedSidecar } from '../watcher/scripted-sidecar.ts';
import { member } from '../watcher/scripted-source.ts';
import { a, b, brief, follow, uids } from './followed-sidecar.ts';

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
