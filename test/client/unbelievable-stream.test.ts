import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { soon } from '../support/eventually.ts';
import { delta, heartbeat, hello, scriptedSidecar } from '../watcher/scripted-sidecar.ts';
import { a, b, brief, c, follow, uids } from './followed-sidecar.ts';

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
