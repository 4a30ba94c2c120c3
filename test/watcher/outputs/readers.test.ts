import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Readers } from '../../../src/watcher/outputs/readers.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { RecordedLog } from '../recorded-log.ts';
import { member, scripted, watchOf } from '../scripted-source.ts';
import { ScriptedPipe } from './scripted-pipe.ts';

/** Readers of a watch of one member, of which the test says when it is known. */
async function serving({ known = true } = {}) {
  const clock = new FakeClock();
  const source = scripted();
  const log = new RecordedLog();
  const watch = watchOf(source, clock);
  const readers = new Readers(watch, clock, log);
  watch.add(readers);
  const sync = async () => {
    source.push({ type: 'replace', parts: new Map([['a', [member('u0')]]]) });
    await settle();
  };
  if (known) await sync();
  const connect = (room = Number.POSITIVE_INFINITY) => {
    const pipe = new ScriptedPipe();
    pipe.room = room;
    readers.add(pipe);
    return pipe;
  };
  const change = async (note: string) => {
    source.push({ type: 'set', key: 'a', members: [member('u0', { node: note })] });
    await settle();
    await clock.advance(20);
  };
  const heartbeat = async () => {
    await clock.advance(5000);
    source.push({ type: 'tick' });
    await settle();
  };
  return { clock, source, log, watch, readers, sync, connect, change, heartbeat };
}

test('a reader that comes early is told hello, and the whole truth once there is one', async () => {
  const { connect, sync } = await serving({ known: false });
  const pipe = connect();
  assert.deepEqual(pipe.types, ['hello']);
  await sync();
  assert.deepEqual(pipe.types, ['hello', 'snapshot']);
});

test('the status comes behind a snapshot that is stale, and behind no other', async () => {
  const { connect, source } = await serving();
  assert.deepEqual(connect().types, ['hello', 'snapshot']);
  source.push({ type: 'failure', reason: 'forbidden', message: 'may not' });
  await settle();
  assert.deepEqual(connect().types, ['hello', 'snapshot', 'status']);
});

test('what comes while a reader has no room waits for it, in order, and heartbeats are left out', async () => {
  const { connect, change, heartbeat, watch, readers } = await serving();
  const pipe = connect(2);
  assert.deepEqual(pipe.types, ['hello', 'snapshot']);
  await change('one');
  await heartbeat();
  watch.expect(3);
  await change('two');
  assert.equal(pipe.lines.length, 2);
  pipe.drain(1);
  assert.deepEqual(pipe.types.slice(2), ['delta']);
  pipe.drain();
  assert.deepEqual(pipe.types.slice(2), ['delta', 'expected', 'delta']);
  await heartbeat();
  assert.equal(pipe.types.at(-1), 'heartbeat');
  assert.equal(readers.resynced, 0);
});

test('a reader that is behind by more than its queue has one snapshot in the place of it all', async () => {
  const { connect, change, readers } = await serving();
  const pipe = connect(2);
  const large = 'x'.repeat(127 * 1024);
  await change(`1${large}`);
  await change(`2${large}`);
  assert.equal(readers.resynced, 0, '254 KiB and a little are still kept');
  await change(`3${large}`);
  await change(`4${large}`);
  assert.equal(readers.resynced, 1);
  pipe.drain();
  assert.deepEqual(pipe.types, ['hello', 'snapshot', 'snapshot']);
  const last = pipe.lines.at(-1)!;
  assert.deepEqual(last.type === 'snapshot' && [last.revision, last.members[0]?.node?.[0]], [5, '4']);
  await change('after');
  assert.deepEqual(pipe.types.at(-1), 'delta');
});

test('what still waits for a reader counts, when it has read a part', async () => {
  const { connect, change, readers } = await serving();
  const pipe = connect(2);
  const large = 'x'.repeat(127 * 1024);
  await change(`1${large}`);
  await change(`2${large}`);
  pipe.drain(1);
  await change(`3${large}`);
  assert.equal(readers.resynced, 0);
  await change(`4${large}`);
  assert.equal(readers.resynced, 1);
});

test('what a reader has read makes room in its queue', async () => {
  const { connect, change, readers } = await serving();
  const pipe = connect(2);
  const large = 'x'.repeat(120 * 1024);
  for (let turn = 0; turn < 20; turn += 1) {
    await change(`${turn}${large}`);
    pipe.drain(1);
  }
  assert.equal(readers.resynced, 0);
  assert.equal(pipe.lines.length, 22);
});

test('a reader that takes nothing for 30 s is told of and let go, and one that reads is not', async () => {
  const { connect, heartbeat, readers, log } = await serving();
  const [stuck, slow] = [connect(2), connect(2)];
  for (let beat = 0; beat < 5; beat += 1) await heartbeat();
  slow.drain(1);
  assert.deepEqual([stuck.destroyed, readers.size], [false, 2]);
  await heartbeat();
  assert.deepEqual([stuck.destroyed, slow.destroyed, readers.size], [true, false, 1]);
  assert.deepEqual(log.said(/disconnected a reader/), [{ seconds: 30 }]);
});

test('bye is the last word, behind what waits, and then the connection ends', async () => {
  const { connect, change, readers } = await serving();
  const [quick, slow] = [connect(), connect(2)];
  await change('one');
  const closing = readers.close('over');
  assert.deepEqual([quick.types.at(-1), quick.ended, quick.destroyed], ['bye', true, true]);
  await change('two');
  assert.equal(slow.ended, false);
  slow.drain();
  assert.deepEqual(slow.types.slice(2), ['delta', 'bye']);
  assert.deepEqual([slow.ended, slow.destroyed], [true, true]);
  await closing;
  assert.equal(readers.size, 0);
});

test('nobody is waited for longer than a second once bye was said', async () => {
  const { connect, readers, clock } = await serving();
  connect(2);
  let closed = false;
  void readers.close('over').then(() => {
    closed = true;
  });
  await clock.advance(999);
  assert.equal(closed, false);
  await clock.advance(1);
  assert.equal(closed, true);
});

test('a reader that has gone is written to no more, and the last one that goes leaves nobody', async () => {
  const { connect, change, readers } = await serving();
  await readers.idle();
  const [one, other] = [connect(), connect()];
  let idle = false;
  void readers.idle().then(() => {
    idle = true;
  });
  one.destroy();
  await change('one');
  assert.deepEqual([one.lines.length, other.lines.length, idle, readers.size], [2, 3, false, 1]);
  other.destroy();
  await settle();
  assert.equal(idle, true);
});

test('a large snapshot goes out in pieces of about 16 KiB', async () => {
  const { connect, source } = await serving({ known: false });
  const members = Array.from({ length: 1000 }, (_, at) => member(`u${at}`));
  source.push({ type: 'replace', parts: new Map([['a', members]]) });
  await settle();
  const [hello, ...pieces] = connect().sizes;
  const last = pieces.pop();
  assert.ok(hello! < 1000 && last! < 17 * 1024 && pieces.length > 5);
  for (const size of pieces) assert.ok(size >= 16 * 1024 && size < 17 * 1024, `${size}`);
});

test('what is told to nobody is not even written', async () => {
  const { readers, connect } = await serving();
  const unwritable = { toJSON: () => assert.fail('it was written') } as never;
  readers.changed(unwritable);
  connect();
  assert.throws(() => readers.changed(unwritable), /it was written/);
});

test('one reader too many is told so and counted, and what is counted can be scraped', async () => {
  const { connect, readers } = await serving();
  const all = Array.from({ length: 64 }, () => connect());
  const refused = connect();
  assert.deepEqual(refused.types, ['hello', 'bye']);
  assert.deepEqual([refused.ended, refused.destroyed, readers.size], [true, true, 64]);
  Object.assign(readers, { resynced: 5 });
  assert.deepEqual(
    readers.metrics.map(({ type, name, read }) => [type, name, read()]),
    [
      ['gauge', 'rollcall_socket_clients', 64],
      ['counter', 'rollcall_socket_refused_total', 1],
      ['counter', 'rollcall_socket_resynced_total', 5],
    ],
  );
  all[0]!.destroy();
  assert.deepEqual(connect().types, ['hello', 'snapshot']);
});
