/** Every program of the examples that reads the socket keeps the ten rules for a reader, in whatever language. */

import assert from 'node:assert/strict';
import { before, suite, type TestContext, test } from 'node:test';
import type { Member } from '../../src/watcher/protocol.ts';
import type { BackgroundProcess } from '../support/background-process.ts';
import { delta, heartbeat, hello, scriptedSidecar } from '../watcher/scripted-sidecar.ts';
import {
  EXAMPLES,
  goProgram,
  javaClasses,
  javaProgram,
  type Language,
  missing,
  nodeProgram,
  pythonProgram,
  started,
  temporaryFolder,
} from './programs.ts';

interface Reader {
  name: string;
  language: Language;
  /** Waits longer from failure to failure, so that few of them fit into a quick test. */
  longBackoff?: true;
  /** Builds it where that is needed, and returns what starts it. */
  command(folder: string): Promise<string[]> | string[];
}

const readers: Reader[] = [
  {
    name: 'java-proxy',
    language: 'java',
    command: async (folder) => {
      const classPath = await javaClasses(folder, [`${EXAMPLES}java-proxy/rollcall/Proxy.java`]);
      return javaProgram(classPath, 'rollcall.Proxy');
    },
  },
  { name: 'go', language: 'go', command: async (folder) => [await goProgram('go', folder, 'reader')] },
  { name: 'python', language: 'python', command: () => pythonProgram('python/app.py') },
  { name: 'node, plain', language: 'node', command: () => nodeProgram('node/plain.mjs') },
  {
    name: 'node, with the client',
    language: 'node',
    command: () => nodeProgram('node/with-client.mjs'),
    longBackoff: true,
  },
];

/** A member with what a sidecar of a later version may add to it. */
const member = (name: string, uid = `uid-${name}`): Member & { later: number; notes: object } => ({
  uid,
  name,
  namespace: 'default',
  addresses: ['127.0.0.1'],
  ports: {},
  ready: true,
  serving: true,
  terminating: false,
  later: 3,
  notes: { role: ['primary', null, { deep: -1.5e3 }], text: 'é "\\\u2028' },
});

/** Lines of types that a later version may have. */
const LATER = [
  { type: 'forecast', revision: 'none', members: 7 },
  { type: 'later', stale: 'perhaps' },
] as const;

/** What follows revision 1 and can't be believed. */
const SENSELESS: Record<string, (object | string | Buffer)[]> = {
  'a line that contradicts what it holds': [
    // A revision was left out.
    delta(3, { left: [member('m0')] }),
    heartbeat(2),
    { type: 'bye', reason: 'shutdown' },
  ],
  'a line that is none': ['{', '[]', '{"revision":2}'],
  'a line that lacks its fields': [
    { type: 'snapshot', epoch: 'e1', revision: 2, stale: false },
    { type: 'snapshot', epoch: 'e1', revision: 2, members: [] },
    { type: 'delta', revision: 2, joined: [], changed: [] },
    { type: 'delta', revision: 2, left: [], joined: [{ name: 'x' }], changed: [] },
  ],
  'a line with fields of another type': [
    { type: 'snapshot', epoch: 'e1', revision: 2, stale: false, members: {} },
    { type: 'status', stale: 'false' },
    { type: 'snapshot', epoch: 'e1', revision: 2, stale: false, members: '' },
    { type: 'snapshot', epoch: 'e1', revision: 2, stale: 'false', members: [] },
    { type: 'delta', revision: 2, left: {}, joined: [], changed: [] },
    { type: 'heartbeat', revision: 1, stale: 'false' },
    { type: 'heartbeat', revision: '1', stale: false },
  ],
  'a line that is not UTF-8': [
    Buffer.from(JSON.stringify(delta(2, { joined: [member('x')] })).replace('uid-x', 'uid-\xff'), 'latin1'),
  ],
};

/** They wait more than they work: all languages at once, and a few tests of each. */
const AT_ONCE = { concurrency: 8, timeout: 120_000 };

suite('readers of the socket', AT_ONCE, async () => {
  for (const { name, language, command, longBackoff } of readers) {
    suite(name, { skip: await missing(language), ...AT_ONCE }, () => {
      let program: string[];
      before(async () => {
        program = await command(temporaryFolder());
      });

      /** The program, connected, and how to wait for what it knows. */
      const reading = async (t: TestContext) => {
        const sidecar = await scriptedSidecar(t);
        const env = { ROLLCALL_SOCKET: sidecar.path, LISTEN_PORT: '0' };
        const reader = started(t, name, program, env);
        const shows = (group: string) => reader.until(group, () => last(reader) === group);
        return { sidecar, reader, shows, connection: await sidecar.next() };
      };

      test('knows nothing before the first snapshot, and takes lines however they are cut', async (t) => {
        const { reader, shows, connection } = await reading(t);
        connection.say({ ...hello({ synced: false }), later: 1 }, heartbeat(0, true), ...LATER);
        const snapshot = {
          type: 'snapshot',
          epoch: 'e1',
          revision: 1,
          stale: false,
          members: [member('b'), member('a')],
        };
        const bytes = Buffer.from(`${JSON.stringify(snapshot)}\n`);
        const cut = bytes.indexOf('é') + 1;
        connection.raw(bytes.subarray(0, cut));
        await new Promise((resolve) => setTimeout(resolve, 50));
        assert.equal(last(reader), undefined);
        connection.raw(bytes.subarray(cut));
        await shows('members: a b | fresh');
      });

      test('applies what left, joined and changed, and takes a snapshot at any time', async (t) => {
        const { shows, connection } = await reading(t);
        connection.greet([member('a'), member('b')]).say(...LATER);
        const renewed = delta(2, { left: [member('b')], joined: [member('b', 'other'), member('c')] });
        connection.say({ ...renewed, expected: 5 });
        await shows('members: a b c | fresh');
        connection.say(
          delta(3, { left: [member('b', 'other')], changed: [{ ...member('c'), ready: false }] }),
        );
        await shows('members: a c | fresh');
        connection.say({ type: 'snapshot', epoch: 'e1', revision: 9, stale: false, members: [member('d')] });
        connection.say(heartbeat(9), delta(10, { joined: [member('e')] }));
        await shows('members: d e | fresh');
        connection.say(delta(11, { left: [member('d'), member('e')] }));
        await shows('members: | fresh');
      });

      test('says why it is stale, keeps the members, and says when it is over', async (t) => {
        const { shows, connection } = await reading(t);
        connection.greet([member('a')]);
        await shows('members: a | fresh');
        const since = '2026-01-01T00:00:00Z';
        connection.say({ type: 'status', stale: true, reason: 'disconnected', message: 'no route', since });
        await shows('members: a | stale: disconnected');
        connection.say(heartbeat(1, true), { type: 'status', stale: true, reason: 'forbidden', since });
        await shows('members: a | stale: forbidden');
        connection.say({ type: 'status', stale: false, since });
        await shows('members: a | fresh');
      });

      for (const [what, lines] of Object.entries(SENSELESS))
        test(`connects again after ${what}, and keeps what it knows as stale`, async (t) => {
          const { sidecar, shows, connection } = await reading(t);
          let current = connection;
          const bad = longBackoff ? lines.slice(0, 2) : lines;
          for (const [i, line] of bad.entries()) {
            if (i === 0) current.say(hello(), heartbeat(7));
            current.say({
              type: 'snapshot',
              epoch: 'e1',
              revision: 1,
              stale: false,
              members: [member(`m${i}`)],
            });
            await shows(`members: m${i} | fresh`);
            const isRaw = typeof line === 'string' || line instanceof Buffer;
            current.raw(isRaw ? line : JSON.stringify(line)).raw('\n');
            current = await sidecar.next();
            // Nothing that is remembered becomes fresh before a snapshot.
            current.say(hello({ epoch: 'e2' }), { type: 'status', stale: false });
            await shows(`members: m${i} | stale: unconnected`);
          }
        });

      test('connects again when the sidecar is silent for three heartbeats, or goes away', async (t) => {
        const { sidecar, shows, connection } = await reading(t);
        connection.say(hello({ heartbeatSeconds: 0.2 }));
        connection.say({ type: 'snapshot', epoch: 'e1', revision: 1, stale: false, members: [member('a')] });
        await shows('members: a | stale: unconnected');
        const again = await sidecar.next();
        again.greet([member('a'), member('b')]);
        await shows('members: a b | fresh');
        again.socket.destroy();
        await shows('members: a b | stale: unconnected');
        (await sidecar.next()).greet([member('c')]);
        await shows('members: c | fresh');
      });

      test('reads a group of 2,000, and no line without an end', async (t) => {
        const { sidecar, shows, connection } = await reading(t);
        const many = Array.from({ length: 2000 }, (_, i) => member(`m${String(i).padStart(4, '0')}`));
        connection.greet(many);
        await shows(`members: ${many.map((one) => one.name).join(' ')} | fresh`);
        connection.greet([member('a')]);
        // Over the client's limit as well, which is 96 MiB, would be too much to say in a quick test.
        if (name !== 'node, with the client') {
          connection.raw(Buffer.alloc(17 * 1024 * 1024, 'x'));
          await sidecar.next();
        }
      });

      test('ends when the sidecar speaks another protocol', async (t) => {
        const { reader, connection } = await reading(t);
        connection.say(hello({ protocol: 2 as 1 }));
        await reader.until('its end', () => true).catch(() => {});
        await ended(reader);
        assert.equal(reader.exitCode, 1);
        assert.match(reader.tail(), /protocol/);
      });
    });
  }
});

/** The last thing that it said about the group. */
const last = (reader: BackgroundProcess) => reader.output.findLast((line) => line.startsWith('members:'));

async function ended(reader: BackgroundProcess): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!reader.exited && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
}
