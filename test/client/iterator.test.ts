import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { soon } from '../support/eventually.ts';
import { delta, scriptedSidecar } from '../watcher/scripted-sidecar.ts';
import { member } from '../watcher/scripted-source.ts';
import { a, b, brief, c, follow, item } from './followed-sidecar.ts';

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
