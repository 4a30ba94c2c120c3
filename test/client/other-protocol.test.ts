import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UnsupportedProtocol } from '../../src/client/client.ts';
import { soon } from '../support/eventually.ts';
import { hello, scriptedSidecar } from '../watcher/scripted-sidecar.ts';
import { a, follow, uids } from './followed-sidecar.ts';

describe('a sidecar of another protocol', () => {
  const problem = /the sidecar speaks protocol 2 and this client protocol 1; use the version/;

  test('ends the group with an error for every consumer', async (t) => {
    const sidecar = await scriptedSidecar(t);
    const { clock, group } = follow(t, sidecar);
    const errors: Error[] = [];
    group.on('error', (error) => errors.push(error));
    const waiting = assert.rejects(group.ready(), problem);
    const next = assert.rejects(group[Symbol.asyncIterator]().next(), UnsupportedProtocol);
    const connection = (await sidecar.next()).say(hello({ protocol: 2 }));
    await Promise.all([waiting, next]);
    assert.match(errors[0]!.message, problem);
    await soon('its end', () => connection.ended);
    await clock.advance(60_000);
    assert.equal(sidecar.connections.length, 1);
    await assert.rejects(group.ready(), problem);
    await assert.rejects(group[Symbol.asyncIterator]().next(), problem);
  });

  test('leaves what was known', async (t) => {
    const sidecar = await scriptedSidecar(t);
    const { clock, group } = follow(t, sidecar);
    group.on('error', () => {});
    (await sidecar.next()).greet([a]).socket.end();
    await soon('the end', () => group.synced && group.stale);
    await clock.advance(50);
    (await sidecar.next()).say(hello({ protocol: 2 }));
    await soon('the error', () => /protocol 2/.test(group.status.message ?? ''));
    assert.deepEqual([uids(group), group.stale, group.reason], ['a', true, 'unconnected']);
  });
});
