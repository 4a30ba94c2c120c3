import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settle } from '../../support/fake-clock.ts';
import { event } from '../../support/scripted-api.ts';
import { follow, slice, synced } from '../followed-group.ts';

test('bytes that make no sense drop the connection and are never skipped', async () => {
  const nonsense = [
    '{"type":"MODIFIED","obj\n',
    'null\n',
    '{"type":"SOMETHING","object":{"metadata":{"name":"a","resourceVersion":"7"}}}\n',
    '{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n',
    '{"type":"ADDED","object":{"metadata":{"resourceVersion":"7"}}}\n',
    Buffer.from([0x7b, 0xff, 0xfe, 0x7d, 0x0a]),
    Buffer.alloc(17 * 1024 * 1024, 'x'),
  ];
  for (const bytes of nonsense) {
    const followed = follow();
    const call = await synced(followed);
    call.events(event('MODIFIED', slice('a', 'db-0/u0', 'db-1/u1'), '110'));
    call.send(bytes).events(event('MODIFIED', slice('a'), '120'));
    await settle();
    assert.equal(call.closed, true, String(bytes).slice(0, 40));
    await followed.clock.advance(400);
    assert.equal((await followed.api.next()).query('resourceVersion'), '110');
    assert.deepEqual(followed.names(), ['db-0/u0', 'db-1/u1']);
  }
});

test('a stream that ends inside a line is corrupt', async () => {
  const followed = follow();
  const call = await synced(followed);
  await followed.clock.advance(2000);
  call.send('{"type":"DELETED","object":{"metadata":{"name":"a","resourceVersion":"9"}}}').end();
  await settle();
  assert.deepEqual([followed.watch.stale, followed.watch.message], [true, 'the watch ended inside a line']);
  await followed.clock.advance(400);
  assert.equal((await followed.api.next()).query('resourceVersion'), '100');
  assert.deepEqual(followed.names(), ['db-0/u0']);
});
