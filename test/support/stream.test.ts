/** The checker of the stream must catch what it is there to catch. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Member } from '../../src/watcher/protocol.ts';
import { readStream } from './stream.ts';

const member = (name: string, uid = name): Member => ({
  uid,
  name,
  namespace: 'test',
  addresses: ['10.0.0.1'],
  ports: {},
  ready: true,
  serving: true,
  terminating: false,
});

const hello = {
  type: 'hello',
  protocol: 1,
  epoch: 'e',
  group: { namespace: 'test', service: 'app' },
  source: 'endpointslices',
  heartbeatSeconds: 5,
  synced: true,
};
const snapshot = { type: 'snapshot', epoch: 'e', revision: 4, stale: false, members: [member('a')] };
const delta = (revision: number, change: object) => ({
  type: 'delta',
  revision,
  left: [],
  joined: [],
  changed: [],
  ...change,
});
const heartbeat = (revision: number, stale: boolean) => ({
  type: 'heartbeat',
  revision,
  stale,
  upstreamAgeSeconds: 0,
});

const read = (...lines: object[]) => readStream(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));

suite('the checker of the membership stream', () => {
  test('finds no fault with a flawless stream and holds what it says', () => {
    const reader = read(
      hello,
      snapshot,
      { type: 'of a later version' },
      delta(5, { left: [member('a')], joined: [member('a', 'a2'), member('b')] }),
      delta(6, { changed: [{ ...member('b'), ready: false }] }),
      { type: 'status', stale: true, reason: 'disconnected', since: '2026-01-01T00:00:00Z' },
      heartbeat(6, true),
      { type: 'bye', reason: 'SIGTERM' },
    );
    assert.deepEqual(reader.violations, []);
    assert.deepEqual([...reader.members.keys()], ['a2', 'b']);
    assert.equal(reader.members.get('b')?.ready, false);
    assert.deepEqual([reader.stale, reader.revision, reader.departures()], [true, 6, ['a']]);
  });

  const faults: [what: string, violation: RegExp, ...lines: object[]][] = [
    ['no hello', /first line is snapshot/, snapshot],
    ['two hellos', /second hello/, hello, hello],
    ['another protocol', /protocol 2/, { ...hello, protocol: 2 }],
    ['another epoch', /epoch/, hello, { ...snapshot, epoch: 'f' }],
    ['a delta before the snapshot', /before the first snapshot/, hello, delta(1, { joined: [member('b')] })],
    ['a gap', /delta 6 after revision 4/, hello, snapshot, delta(6, { joined: [member('b')] })],
    ['a repetition', /delta 4 after revision 4/, hello, snapshot, delta(4, { joined: [member('b')] })],
    ['an empty delta', /is empty/, hello, snapshot, delta(5, {})],
    ['a stranger that left', /b left but/, hello, snapshot, delta(5, { left: [member('b')] })],
    ['a member that joined', /a joined but/, hello, snapshot, delta(5, { joined: [member('a')] })],
    ['a stranger that changed', /b changed but/, hello, snapshot, delta(5, { changed: [member('b')] })],
    ['a changed name', /a became b/, hello, snapshot, delta(5, { changed: [member('b', 'a')] })],
    ['a double', /lists a twice/, hello, { ...snapshot, members: [member('a'), member('a')] }],
    ['an older snapshot', /snapshot 3 after/, hello, snapshot, { ...snapshot, revision: 3 }],
    ['an unheard change', /heartbeat 5 at/, hello, snapshot, heartbeat(5, false)],
    ['an unheard status', /says stale true/, hello, snapshot, heartbeat(4, true)],
    ['another self', /has self undefined/, { ...hello, self: { uid: 'a' } }, snapshot],
    ['a line after bye', /heartbeat after bye/, hello, { type: 'bye', reason: 'x' }, heartbeat(4, false)],
  ];
  for (const [what, violation, ...lines] of faults) {
    test(`reports ${what}`, () => {
      assert.match(read(...lines).violations.join('\n'), violation);
    });
  }

  test('reports text that is not JSON', () => {
    assert.match(readStream('{"type":\n').violations.join('\n'), /not JSON/);
  });

  test('tells what was said last when what it waits for does not come', async () => {
    const reader = read(hello, snapshot);
    await assert.rejects(
      reader.until('two members', ({ members }) => members.size === 2, 10),
      /no two members .*members: a; stale: false; last lines:\n.*hello/s,
    );
  });
});
