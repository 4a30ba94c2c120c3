import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connect, socketPathOf } from '../../src/client/client.ts';
import { soon } from '../support/eventually.ts';
import { scriptedSidecar } from '../watcher/scripted-sidecar.ts';
import { a, follow, item, uids } from './followed-sidecar.ts';

test('a further group has its socket in a folder of its name', () => {
  assert.equal(socketPathOf('backends'), '/run/rollcall/backends/members.sock');
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
