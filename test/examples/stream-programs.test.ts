/** What the leader and the shard map make of the stream. That they read it right is what readers.test.ts shows. */

import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import type { Member } from '../../src/watcher/protocol.ts';
import { delta, scriptedSidecar } from '../watcher/scripted-sidecar.ts';
import { member as memberOf } from '../watcher/scripted-source.ts';
import { missing, nodeProgram, pythonProgram, started } from './programs.ts';

const member = (name: string, more: Partial<Member> = {}): Member =>
  memberOf(`uid-${name}`, { name, ...more });

const AT_ONCE = { concurrency: 4, timeout: 60_000 };

const noNode = await missing('node');
const noPython = await missing('python');

const following = async (t: TestContext, name: string, program: string[]) => {
  const sidecar = await scriptedSidecar(t);
  const reader = started(t, name, program, { ROLLCALL_SOCKET: sidecar.path });
  const says = (line: string) => reader.until(line, () => reader.output.at(-1) === line);
  return { sidecar, stream: await sidecar.next(), reader, says };
};

suite('programs that read the stream', AT_ONCE, () => {
  suite('leader', { skip: noNode, ...AT_ONCE }, () => {
    const self = member('db-2', { ordinal: 2, self: true });
    const others = [member('db-10', { ordinal: 10 }), member('db-1', { ordinal: 1 })];

    test('the ready member with the lowest ordinal leads, and works as long as it does', async (t) => {
      const { stream, reader, says } = await following(t, 'leader', nodeProgram('leader/leader.mjs'));
      stream.greet([...others, self]);
      await says('leader: db-1 | another');
      stream.say(delta(2, { changed: [member('db-1', { ordinal: 1, ready: false })] }));
      await says('leader: db-2 | this pod');
      await says('work: done by the leader');
      stream.say(delta(3, { changed: [member('db-1', { ordinal: 1 })] }));
      await says('leader: db-1 | another');
      await new Promise((resolve) => setTimeout(resolve, 1200));
      assert.equal(reader.output.at(-1), 'leader: db-1 | another', 'the work has stopped');
    });

    test('who can not see whether it still leads does not', async (t) => {
      const { sidecar, stream, says } = await following(t, 'leader', nodeProgram('leader/leader.mjs'));
      stream.greet([self]);
      await says('leader: db-2 | this pod');
      stream.say({ type: 'status', stale: true, reason: 'disconnected', since: '2026-01-01T00:00:00Z' });
      await says('leader: db-2 | unsure: disconnected');
      stream.say({ type: 'status', stale: false, since: '2026-01-01T00:00:00Z' });
      await says('leader: db-2 | this pod');
      stream.socket.destroy();
      await says('leader: db-2 | unsure: unconnected');
      (await sidecar.next()).greet([self, member('db-0', { ordinal: 0 })]);
      await says('leader: db-0 | another');
    });
  });

  suite('shard-map', { skip: noPython, ...AT_ONCE }, () => {
    const shards = (line: string | undefined): Record<string, number> =>
      Object.fromEntries(
        [...(line ?? '').matchAll(/(\S+)=(\d+)/g)].map(([, name, count]) => [name, Number(count)]),
      );

    test('the keys are spread evenly, and a change moves those of whoever left or came, and no other', async (t) => {
      const program = pythonProgram('shard-map/shard_map.py');
      const { sidecar, stream, reader } = await following(t, 'shard-map', program);
      const next = async (names: string) => {
        const line = await reader.until(names, () =>
          reader.output.findLast((one) => one.startsWith('shards:')),
        );
        return Object.keys(shards(line)).join(' ') === names ? shards(line) : undefined;
      };
      const spread = (names: string) => reader.until(names, () => next(names));
      const moved = () => reader.output.findLast((line) => line.startsWith('moved'));
      const percent = (keys: number) => `${(keys / 100).toFixed(1)}%`;

      stream.greet(['a', 'b', 'c', 'd'].map((name) => member(name)));
      const four = await spread('a b c d');
      for (const count of Object.values(four)) assert.ok(count > 2300 && count < 2700, `${count} of 10000`);

      stream.say(delta(2, { left: [member('d')] }));
      const three = await spread('a b c');
      assert.equal(moved(), `moved ${percent(four.d!)} of the keys; at least 25.0% must move`);
      for (const name of ['a', 'b', 'c']) assert.ok(three[name]! > four[name]!, `${name} lost keys`);

      // Back under its name, with another uid: it gets its own keys again, and no other key moves.
      stream.say(delta(3, { joined: [member('d', { uid: 'another' })] }));
      assert.deepEqual(await spread('a b c d'), four);

      // Neither readiness nor a sidecar that is away moves a key.
      const said = reader.output.length;
      stream.say(delta(4, { changed: [member('a', { ready: false })] }));
      stream.say({ type: 'bye', reason: 'shutdown' });
      (await sidecar.next()).greet(['d', 'c', 'b', 'a', 'e'].map((name) => member(name)));
      await spread('a b c d e');
      const since = reader.output.slice(said).filter((line) => line.startsWith('moved'));
      assert.equal(since.length, 1, since.join('\n'));
    });
  });
});
