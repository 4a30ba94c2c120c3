/** A client and a sidecar of different versions: what one of them does not know, the other does without. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from '../../src/client/client.ts';
import { soon } from '../support/eventually.ts';
import { hello, scriptedSidecar } from '../watcher/scripted-sidecar.ts';
import { member } from '../watcher/scripted-source.ts';

/** The lines of a sidecar of version 0.1.0, word for word. */
const LINES_OF_0_1_0 = [
  '{"type":"hello","protocol":1,"epoch":"e1","group":{"namespace":"default","service":"db"},"self":{"uid":"u0","name":"db-0"},"source":"endpointslices","heartbeatSeconds":5,"synced":true}',
  '{"type":"snapshot","epoch":"e1","revision":1,"stale":false,"members":[{"uid":"u0","name":"db-0","namespace":"default","addresses":["10.0.0.1"],"ports":{},"ready":true,"serving":true,"terminating":false,"self":true}]}',
  '{"type":"delta","revision":2,"left":[],"joined":[{"uid":"u1","name":"db-1","namespace":"default","addresses":["10.0.0.2"],"ports":{},"ready":true,"serving":true,"terminating":false}],"changed":[]}',
  '{"type":"heartbeat","revision":2,"stale":false,"upstreamAgeSeconds":1.2}',
];

test('a new client and a sidecar of 0.1.0: nobody says how many members there are to be', async (t) => {
  const sidecar = await scriptedSidecar(t);
  const group = connect(sidecar.path);
  t.after(() => group.close());
  (await sidecar.next()).raw(`${LINES_OF_0_1_0.join('\n')}\n`);
  await group.ready();
  await soon('the delta', () => group.revision === 2);
  assert.deepEqual([group.expected, group.stale, [...group.members.keys()]], [null, false, ['u0', 'u1']]);
});

test('a client hears how many members there are to be, and keeps it while there is no connection', async (t) => {
  const sidecar = await scriptedSidecar(t);
  const group = connect(sidecar.path);
  t.after(() => group.close());
  const heard: (number | null)[] = [];
  group.on('expected', (expected) => heard.push(expected));
  const items = group[Symbol.asyncIterator]();
  const connection = (await sidecar.next()).greet([member('a')], { expected: 3 });
  await group.ready();
  assert.equal((await items.next()).value?.expected, 3);
  connection.say({ type: 'expected', expected: 2 });
  const item = (await items.next()).value;
  assert.deepEqual([item?.expected, item?.left, item?.joined, item?.stale], [2, [], [], false]);
  connection.socket.destroy();
  await soon('no connection', () => group.stale);
  assert.equal(group.expected, 2);
  (await sidecar.next()).greet([member('a')]);
  await soon('nobody says any more', () => group.expected === null);
  assert.deepEqual(heard, [3, 2, null]);
});

test('a hello says how many before any member is known, and a snapshot what has changed since', async (t) => {
  const sidecar = await scriptedSidecar(t);
  const group = connect(sidecar.path);
  t.after(() => group.close());
  const connection = (await sidecar.next()).say(hello({ expected: 3 }));
  await soon('the hello', () => group.expected === 3);
  assert.equal(group.synced, false);
  connection.say({
    type: 'snapshot',
    epoch: 'e1',
    revision: 1,
    stale: false,
    expected: 4,
    members: [member('a')],
  });
  await group.ready();
  assert.equal(group.expected, 4);
});

test('a number of members that is none is a broken line', async (t) => {
  const sidecar = await scriptedSidecar(t);
  const group = connect(sidecar.path);
  t.after(() => group.close());
  const ended: string[] = [];
  group.on('disconnect', ({ message }) => ended.push(message));
  (await sidecar.next()).say(hello(), { type: 'expected', expected: 'many' });
  await soon('the end', () => ended.length > 0);
  assert.match(ended[0]!, /expected without its fields/);
});
