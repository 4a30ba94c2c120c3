/** Rules of list+watch that concern more than one part, and what watching clients elsewhere got wrong. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Credentials } from '../../src/watcher/kubernetes/credentials.ts';
import { kubernetesTransport } from '../../src/watcher/kubernetes/transport.ts';
import { silent } from '../../src/watcher/log.ts';
import { issue } from '../../src/webhook/certificates/issue.ts';
import { endpointSlice, podEndpoint } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { at, bookmark, type Call, errorEvent, event, list } from '../support/scripted-api.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { endWatch, type Followed, follow, slice, synced } from './followed-group.ts';

const uids = (members: readonly { uid: string }[]) => members.map(({ uid }) => uid);

describe('listing', () => {
  test('again in pages asks for nothing older than what is known', async () => {
    const followed = follow();
    (await followed.api.next()).fail(422, 'Invalid');
    (await followed.api.next()).json(200, list('50', [slice('a', 'db-0/u0')]));
    (await followed.api.next()).head().events(errorEvent(500, 'InternalError'));
    await followed.clock.advance(400);
    (await followed.api.next()).head().events(errorEvent(500, 'InternalError'));
    await followed.clock.advance(800);
    const relist = await followed.api.next();
    assert.deepEqual(
      ['resourceVersion', 'resourceVersionMatch', 'limit', 'watch'].map((name) => relist.query(name)),
      ['50', 'NotOlderThan', '500', null],
    );
  });

  test('takes its version from its end, never from an item', async () => {
    const followed = follow();
    const call = await followed.api.next();
    call
      .head()
      .events(event('ADDED', slice('b', 'db-1/u1'), '900'), event('ADDED', slice('a', 'db-0/u0'), '3'));
    call.events(bookmark('100', true));
    await endWatch(followed, call);
    assert.equal((await followed.api.next()).query('resourceVersion'), '100');
  });
});

describe('watching', () => {
  test('asks to be ended after 300 to 600 s, by chance', async () => {
    const asked: (string | null)[] = [];
    for (const chance of [0, 0.5, 1 - Number.EPSILON]) {
      const followed = follow();
      followed.clock.chance = chance;
      const call = await synced(followed);
      await endWatch(followed, call);
      asked.push((await followed.api.next()).query('timeoutSeconds'));
    }
    assert.deepEqual(asked, ['300', '450', '600']);
  });

  test('hands versions back as they came: they are no numbers and have no order', async () => {
    const followed = follow();
    let call = await synced(followed, undefined, 'zz/9');
    for (const version of ['aa+1', '0010', '9', '10 %&=']) {
      call.events(event('MODIFIED', slice('a', 'db-0/u0'), version));
      await endWatch(followed, call);
      call = await followed.api.next();
      assert.equal(call.query('resourceVersion'), version);
      call.head();
    }
  });

  test('changes that never pause are told every 20 ms all the same', async () => {
    const followed = follow();
    const call = await synced(followed);
    for (let turn = 1; turn <= 50; turn += 1) {
      call.events(event('ADDED', slice(`slice-${turn}`, `db-${turn}/u${turn}`), `${100 + turn}`));
      await followed.clock.advance(10);
    }
    assert.ok(followed.output.deltas.length >= 24, `${followed.output.deltas.length} deltas in 500 ms`);
  });

  test('departures that never pause are told every 100 ms all the same', async () => {
    const followed = follow();
    const call = await synced(followed);
    for (let turn = 1; turn <= 50; turn += 1) {
      call.events(event('MODIFIED', slice('a', 'db-0/u0', `db-1/u${turn}`), `${100 + turn}`));
      await followed.clock.advance(10);
    }
    assert.ok(followed.output.deltas.length >= 5, `${followed.output.deltas.length} deltas in 500 ms`);
  });

  test('asks after 5 s of silence whether the peer is there, on the wire', async (t) => {
    if (!existsSync('/proc/net/tcp')) return t.skip('needs Linux');
    const server = createServer((_request, response) => void response.writeHead(200).flushHeaders());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const credentials = new Credentials({}, new FakeClock(), silent);
    const request = kubernetesTransport(`http://127.0.0.1:${port}`, credentials, 'test').get('/');
    t.after(() => {
      request.close();
      server.close();
    });
    await request.response;
    await eventually('a keepalive timer of at most 5 s', () => keepaliveTimer(port), {
      timeoutMs: 20_000,
      everyMs: 10,
    });
  });
});

/** Whether the kernel will probe the connection to a port of this machine within 5 s. */
async function keepaliveTimer(port: number): Promise<boolean> {
  const peer = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((row) => row.trim().split(/\s+/));
  // 01: established. A connection that used the port before may still rest there.
  const [kind, ticks] = rows.find((row) => row[2] === peer && row[3] === '01')?.[5]?.split(':') ?? [];
  // 02: keepalive is the next timer; it counts in hundredths of a second.
  return kind === '02' && Number.parseInt(ticks!, 16) <= 500;
}

describe('credentials', () => {
  test('a CA that is replaced is used within a minute', async (t) => {
    const directory = await temporaryFolder(t);
    const caFile = join(directory, 'ca.crt');
    const [before, after] = await Promise.all([authority(), authority()]);
    await writeFile(caFile, before);
    const clock = new FakeClock();
    const credentials = new Credentials({ caFile }, clock, silent);
    await writeFile(caFile, after);
    assert.equal(credentials.current().ca, before);
    await clock.advance(60_000);
    assert.equal(credentials.current().ca, after);
  });
});

async function authority(): Promise<string> {
  return (await issue(['localhost'], new Date())).cert;
}

describe('what is kept', () => {
  test('of a slice with all that annotations, labels and managers add is under 0.5 KB a member', async () => {
    const followed = follow();
    const heavy = slice('a', ...Array.from({ length: 100 }, (_, index) => `db-${index}/u${index}`));
    heavy.metadata = { ...heavy.metadata, annotations: { note: 'x'.repeat(100_000) } };
    heavy.managedFields = 'y'.repeat(100_000);
    for (const endpoint of heavy.endpoints as Record<string, unknown>[]) {
      endpoint.hints = { forZones: [{ name: 'z'.repeat(1000) }] };
      endpoint.deprecatedTopology = { note: 'z'.repeat(1000) };
    }
    await synced(followed, [heavy]);
    const members = [...followed.watch.members.values()];
    assert.equal(members.length, 100);
    for (const member of members) assert.ok(JSON.stringify(member).length < 500);
  });
});

describe('a client of ours does not', () => {
  test('go deaf in a quiet hour', async () => {
    const followed = follow();
    let call = await synced(followed);
    for (let minute = 0; minute < 60; minute += 1) {
      await followed.clock.advance(60_000);
      call = await following(followed, call);
    }
    call.events(event('MODIFIED', slice('a', 'db-0/u0', 'db-1/u1'), '101'));
    await followed.clock.advance(1000);
    assert.deepEqual(followed.names(), ['db-0/u0', 'db-1/u1']);
  });

  test('cut a quiet watch after 30 s', async () => {
    const followed = follow();
    const call = await synced(followed);
    await followed.clock.advance(85_000);
    assert.equal(call.closed, false);
    await followed.api.none();
    assert.equal(followed.watch.stale, false);
  });

  test('stop for good, nor lose a member, after any answer of an API server in trouble', async () => {
    for (const status of [401, 403, 408, 429, 500, 502, 503, 504]) {
      const followed = follow();
      const call = await synced(followed);
      await endWatch(followed, call);
      for (let attempt = 0; attempt < 3; attempt += 1) {
        (await followed.api.next()).fail(status, 'Trouble');
        await followed.clock.advance(30_000);
      }
      const again = await followed.api.next();
      again.head().events(event('MODIFIED', slice('a', 'db-0/u0', 'db-1/u1'), '105'));
      await followed.clock.advance(1000);
      assert.deepEqual(followed.names(), ['db-0/u0', 'db-1/u1'], `${status}`);
      assert.deepEqual([followed.watch.stale, followed.output.deltas.length], [false, 1], `${status}`);
    }
  });

  test('read an error as an empty list', async () => {
    const followed = follow();
    const call = await synced(followed);
    call.events(errorEvent(410, 'Expired'));
    for (const body of ['', '{}', '[]', '{"kind":"Status","status":"Failure","code":500}', '<html>']) {
      (await followed.api.next()).head().send(body).end();
      await followed.clock.advance(30_000);
      assert.deepEqual(followed.names(), ['db-0/u0'], body);
    }
    assert.deepEqual([followed.output.deltas, followed.watch.stale], [[], true]);
  });

  test('miss who left while the connection was gone', async () => {
    const followed = follow();
    const call = await synced(followed, [slice('a', 'db-0/u0'), slice('b', 'db-1/u1')]);
    call.break();
    await followed.clock.advance(200);
    await followed.clock.advance(400);
    const again = await followed.api.next();
    assert.equal(again.query('resourceVersion'), '100', 'what happened since then is asked for');
    again.head().events({ type: 'DELETED', object: at(slice('b', 'db-1/u1'), '101') });
    await followed.clock.advance(20);
    assert.deepEqual(uids(followed.output.deltas[0]?.left ?? []), ['u1']);
  });

  test('take a pod that got the address of another for the same', async () => {
    const followed = follow();
    const call = await synced(followed, [slice('a', 'db-0/u0')]);
    const other = podEndpoint({ name: 'web-9', uid: 'u9', ip: '10.0.0.1' });
    const reused = endpointSlice({ namespace: 'default', service: 'db', name: 'a', endpoints: [other] });
    call.events(event('MODIFIED', reused, '101'));
    await followed.clock.advance(20);
    const [delta] = followed.output.deltas;
    assert.deepEqual([uids(delta!.left), uids(delta!.joined), uids(delta!.changed)], [['u0'], ['u9'], []]);
  });

  test('call a pod that ends, or is not ready, a ready one', async () => {
    const followed = follow();
    const ending = podEndpoint({
      name: 'db-0',
      uid: 'u0',
      ip: '10.0.0.1',
      ready: false,
      serving: true,
      terminating: true,
    });
    const starting = podEndpoint({ name: 'db-1', uid: 'u1', ip: '10.0.0.2', ready: false, serving: false });
    const endpoints = [ending, starting];
    await synced(followed, [endpointSlice({ namespace: 'default', service: 'db', name: 'a', endpoints })]);
    const states = [...followed.watch.members.values()].map((one) => [
      one.ready,
      one.serving,
      one.terminating,
    ]);
    assert.deepEqual(states, [
      [false, true, true],
      [false, false, false],
    ]);
  });
});

/** The request that is open now, answered as an API server does that has no news. */
async function following({ api }: Followed, call: Call): Promise<Call> {
  if (!call.closed) return call;
  const next = await api.next();
  next.head();
  if (next.query('sendInitialEvents') === 'true') {
    next.events(event('ADDED', slice('a', 'db-0/u0'), '7'), bookmark('100', true));
  }
  await settle();
  return next;
}
