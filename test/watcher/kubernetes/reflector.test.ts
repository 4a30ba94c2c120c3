import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pushed } from '../../../src/watcher/kubernetes/reflector.ts';
import { silent } from '../../../src/watcher/log.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { bookmark, type Call, errorEvent, event, list, ScriptedApi } from '../../support/scripted-api.ts';
import { byIterationOf } from '../counted-steps.ts';
import { type Followed, follow, slice, synced } from '../followed-group.ts';

test('a streaming list counts only when its closing bookmark has come', async () => {
  const followed = follow();
  const call = await followed.api.next();
  assert.equal(call.url.pathname, '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices');
  assert.equal(call.query('labelSelector'), 'kubernetes.io/service-name=db');
  assert.equal(call.query('sendInitialEvents'), 'true');
  assert.equal(call.query('resourceVersionMatch'), 'NotOlderThan');
  assert.equal(call.query('allowWatchBookmarks'), 'true');
  assert.equal(call.query('resourceVersion'), '');
  call.head().events(event('ADDED', slice('a', 'db-0/u0'), '5'), bookmark('6'));
  await settle();
  assert.equal(followed.watch.synced, false);
  call.events(event('ADDED', slice('b', 'db-1/u1'), '4'), bookmark('9', true));
  await settle();
  assert.equal(followed.output.syncs, 1);
  assert.deepEqual(followed.names(), ['db-0/u0', 'db-1/u1']);
  assert.equal(followed.watch.stale, false);
});

test('a streaming list that is cut before its end is no list', async () => {
  const followed = follow();
  const call = await followed.api.next();
  call
    .head()
    .events(event('ADDED', slice('a', 'db-0/u0'), '5'))
    .end();
  await followed.clock.advance(1000);
  assert.equal(followed.watch.synced, false);
  const again = await followed.api.next();
  assert.equal(again.query('sendInitialEvents'), 'true');
});

test('a server without streaming lists is listed in pages of 500, then watched from the list', async () => {
  for (const status of [400, 422]) {
    const followed = follow();
    (await followed.api.next()).fail(status, 'Invalid');
    const first = await followed.api.next();
    assert.equal(first.query('limit'), '500');
    assert.equal(first.query('resourceVersion'), null);
    first.json(200, list('50', [withVersion(slice('a', 'db-0/u0'), '999')], 'token'));
    const second = await followed.api.next();
    assert.equal(second.query('continue'), 'token');
    assert.equal(followed.watch.synced, false);
    second.json(200, list('51', [slice('b', 'db-1/u1')]));
    const watch = await followed.api.next();
    assert.equal(watch.query('watch'), '1');
    assert.equal(watch.query('resourceVersion'), '51', 'the version of the list, never of an item');
    assert.deepEqual(followed.names(), ['db-0/u0', 'db-1/u1']);
  }
});

test('a streaming list that stalls is given up for pages', async () => {
  const followed = follow();
  const call = await followed.api.next();
  call.head().events(event('ADDED', slice('a', 'db-0/u0'), '5'));
  await followed.clock.advance(30_000);
  assert.equal(call.closed, true);
  assert.equal((await followed.api.next()).query('limit'), '500');
});

test('a page that expired restarts the list without pages', async () => {
  const followed = follow();
  (await followed.api.next()).fail(422, 'Invalid');
  (await followed.api.next()).json(200, list('50', [slice('gone', 'db-9/u9')], 'token'));
  (await followed.api.next()).fail(410, 'Expired');
  const whole = await followed.api.next();
  assert.equal(whole.query('limit'), null);
  assert.equal(whole.query('continue'), null);
  whole.json(200, list('60', [slice('a', 'db-0/u0')]));
  await settle();
  assert.deepEqual(followed.names(), ['db-0/u0']);
});

test('a truncated or malformed list removes nobody', async () => {
  for (const body of ['{"kind":"EndpointSliceList","items":[', '{"items":{}}', '{"metadata":{}}', 'null']) {
    const followed = follow();
    (await followed.api.next()).fail(422, 'Invalid');
    (await followed.api.next()).json(200, list('50', [slice('a', 'db-0/u0')]));
    (await followed.api.next()).head().events(errorEvent(410, 'Expired'));
    const relist = await followed.api.next();
    relist.head().send(body).end();
    await settle();
    assert.deepEqual(followed.names(), ['db-0/u0'], body);
    assert.equal(followed.watch.stale, true, body);
    assert.deepEqual(followed.output.deltas, [], body);
  }
});

test('the version follows events and bookmarks, and a clean end is rewatched at once', async () => {
  const followed = follow();
  const first = await synced(followed);
  first.events(event('MODIFIED', slice('a', 'db-0/u0', 'db-1/u1'), '105'));
  await followed.clock.advance(2000);
  first.end();
  await followed.clock.advance(200);
  const second = await followed.api.next();
  assert.equal(second.query('resourceVersion'), '105');
  const seconds = Number(second.query('timeoutSeconds'));
  assert.ok(seconds >= 300 && seconds <= 600, `timeoutSeconds=${seconds}`);
  second.head().events(bookmark('140'));
  await followed.clock.advance(2000);
  second.end();
  await followed.clock.advance(200);
  assert.equal((await followed.api.next()).query('resourceVersion'), '140');
  assert.equal(followed.watch.stale, false);
});

test('a watch that keeps ending at once, without an event, backs off', async () => {
  const followed = follow();
  const first = await synced(followed);
  await followed.clock.advance(2000);
  first.end();
  await followed.clock.advance(200);
  (await followed.api.next()).head().end();
  await followed.api.none();
  await followed.clock.advance(400);
  (await followed.api.next()).head().end();
  await followed.clock.advance(799);
  await followed.api.none();
  await followed.clock.advance(1);
  await followed.api.next();
});

for (const [how, end] of Object.entries({
  cleanly: (call: Call) => call.end(),
  'by reset': (call: Call) => call.break(),
  'by a broken chunk': (call: Call) => call.break('HPE_INVALID_CHUNK_SIZE'),
})) {
  test(`an established watch that ends is resumed at once, from the same version > ${how}`, async () => {
    const followed = follow();
    followed.clock.chance = 1 - Number.EPSILON;
    let call = await synced(followed);
    // As a proxy does that cuts idle connections; a second silent watch in a row asks for a list.
    for (let round = 1; round <= 40; round += 1) {
      call.events(event('MODIFIED', slice('a', 'db-0/u0', `db-1/u${round}`), `${200 + round}`));
      await followed.clock.advance(20_000);
      end(call);
      await followed.clock.advance(199);
      await followed.api.none();
      await followed.clock.advance(1);
      call = await followed.api.next();
      assert.equal(call.query('resourceVersion'), `${200 + round}`);
      call.head();
      await followed.clock.advance(100);
    }
    assert.deepEqual(followed.output.statuses, [], 'never stale');
  });
}

test('an established watch that ends and is not back within a second is stale, then backs off as before', async () => {
  const followed = follow();
  const call = await synced(followed);
  await followed.clock.advance(20_000);
  call.break();
  await followed.clock.advance(100);
  (await followed.api.next()).refuse();
  await settle();
  assert.deepEqual([followed.watch.stale, followed.watch.reason], [true, 'disconnected']);
  await followed.clock.advance(399);
  await followed.api.none();
  await followed.clock.advance(1);
  (await followed.api.next()).refuse();
});

test('a watch that breaks in under a second without an event is a failure', async () => {
  const followed = follow();
  const call = await synced(followed);
  await followed.clock.advance(2000);
  call.end();
  await followed.clock.advance(100);
  const short = (await followed.api.next()).head();
  await followed.clock.advance(900);
  short.break();
  await settle();
  assert.equal(followed.watch.stale, true);
  await followed.clock.advance(399);
  await followed.api.none();
});

test('a second watch in a row that stayed silent asks for the list again: a proxy may hold back events', async () => {
  const followed = follow();
  const call = await synced(followed);
  // Each is taken, and then nothing comes, until it counts as half open.
  await followed.clock.advance(90_200);
  assert.equal(call.closed, true);
  (await followed.api.next()).head();
  await followed.clock.advance(90_200);
  const second = await followed.api.next();
  assert.equal(second.query('sendInitialEvents'), null);
  second.head();
  await followed.clock.advance(90_200);
  const relist = await followed.api.next();
  assert.equal(relist.query('sendInitialEvents'), 'true');
  assert.equal(relist.query('resourceVersion'), '100', 'nothing older than what is known');
  relist.head().events(event('ADDED', slice('a', 'db-0/u0', 'db-1/u1'), '200'), bookmark('201', true));
  await followed.clock.advance(100);
  assert.deepEqual(followed.names(), ['db-0/u0', 'db-1/u1']);
});

test('a bookmark is a sign that a watch is heard: no list is asked for', async () => {
  const followed = follow();
  let call = await synced(followed);
  for (let round = 0; round < 5; round += 1) {
    await followed.clock.advance(20_000);
    call.events(bookmark(`${110 + round}`));
    await followed.clock.advance(90_200);
    call = await followed.api.next();
    assert.equal(call.query('sendInitialEvents'), null);
    call.head();
  }
});

test('what is not in a relist has left, compared by uid', async () => {
  const followed = follow();
  const call = await synced(followed, [slice('a', 'db-0/u0', 'db-1/u1', 'db-2/u2')]);
  call.events(errorEvent(410, 'Expired'));
  const relist = await followed.api.next();
  assert.equal(relist.query('resourceVersion'), '');
  relist.head().events(event('ADDED', slice('a', 'db-0/u0', 'db-1/u1-again'), '200'), bookmark('201', true));
  await followed.clock.advance(20);
  const [delta] = followed.output.deltas;
  assert.deepEqual(
    [delta?.left, delta?.joined, delta?.changed].map((members) => members?.map(({ uid }) => uid)),
    [['u1', 'u2'], ['u1-again'], []],
  );
  assert.equal(followed.output.deltas.length, 1);
});

test('410 relists, as a response and as an event; a second one soon after backs off', async () => {
  const followed = follow();
  const call = await synced(followed);
  await followed.clock.advance(2000);
  call.end();
  await followed.clock.advance(200);
  (await followed.api.next()).fail(410, 'Gone');
  const relist = await followed.api.next();
  assert.equal(relist.query('sendInitialEvents'), 'true');
  relist.head().events(event('ADDED', slice('a', 'db-0/u0'), '200'), bookmark('201', true));
  relist.events(errorEvent(410, 'Expired'));
  await followed.api.none();
  await followed.clock.advance(400);
  assert.equal((await followed.api.next()).query('sendInitialEvents'), 'true');
  assert.deepEqual(followed.names(), ['db-0/u0']);
});

test('a 5xx in the stream is rewatched from the same version, then relisted', async () => {
  const followed = follow();
  (await synced(followed)).events(errorEvent(500, 'InternalError'));
  await followed.clock.advance(400);
  const again = await followed.api.next();
  assert.equal(again.query('resourceVersion'), '100');
  assert.equal(again.query('sendInitialEvents'), null);
  again.head().events(errorEvent(500, 'InternalError'));
  await followed.clock.advance(800);
  const relist = await followed.api.next();
  assert.equal(relist.query('sendInitialEvents'), 'true');
  assert.equal(relist.query('resourceVersion'), '100', 'not older than what is known');
});

test('a version that the server has not reached asks for a consistent list', async () => {
  const followed = follow();
  const call = await synced(followed);
  await followed.clock.advance(2000);
  call.end();
  await followed.clock.advance(200);
  (await followed.api.next()).json(504, {
    kind: 'Status',
    code: 504,
    reason: 'Timeout',
    message: 'Too large resource version: 100, current: 7',
    details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }] },
  });
  await followed.clock.advance(400);
  const relist = await followed.api.next();
  assert.equal(relist.query('sendInitialEvents'), 'true');
  assert.equal(relist.query('resourceVersion'), '');
});

test('429 and 503 wait as long as the server asks, and go on from the same version', async () => {
  for (const status of [429, 503]) {
    const followed = follow();
    const call = await synced(followed);
    await followed.clock.advance(2000);
    call.end();
    await followed.clock.advance(200);
    (await followed.api.next()).fail(status, 'TooManyRequests', { 'retry-after': '7' });
    await followed.clock.advance(7399);
    await followed.api.none();
    assert.equal(followed.watch.stale, true);
    await followed.clock.advance(1);
    const again = await followed.api.next();
    assert.equal(again.query('resourceVersion'), '100');
    again.head();
    await followed.clock.advance(100);
    assert.equal(followed.watch.stale, false);
    assert.deepEqual(followed.names(), ['db-0/u0']);
  }
});

test('401 rereads the token and tries again at once, then counts as a failure', async () => {
  const followed = follow();
  const call = await synced(followed);
  await followed.clock.advance(2000);
  call.end();
  await followed.clock.advance(200);
  (await followed.api.next()).fail(401, 'Unauthorized');
  const again = await followed.api.next();
  assert.equal(followed.api.tokenRefreshes, 1);
  assert.equal(followed.watch.stale, false);
  again.fail(401, 'Unauthorized');
  await settle();
  assert.equal(followed.api.tokenRefreshes, 2);
  assert.deepEqual([followed.watch.stale, followed.watch.reason], [true, 'unauthorized']);
});

test('403 is stale with its reason, and is retried for ever', async () => {
  const followed = follow();
  const call = await synced(followed);
  await followed.clock.advance(2000);
  call.end();
  await followed.clock.advance(200);
  for (let attempt = 0; attempt < 20; attempt += 1) {
    (await followed.api.next()).fail(403, 'endpointslices is forbidden');
    await settle();
    assert.deepEqual([followed.watch.stale, followed.watch.reason], [true, 'forbidden']);
    await followed.clock.advance(30_000);
  }
  assert.deepEqual(followed.names(), ['db-0/u0']);
  (await followed.api.next()).head();
  await followed.clock.advance(100);
  assert.equal(followed.watch.stale, false);
  const told = followed.output.statuses.map(({ stale, reason }) => [stale, reason]);
  assert.deepEqual(told, [
    [true, 'forbidden'],
    [false, undefined],
  ]);
});

test('backoff doubles from 0.8 s to 30 s with full jitter, and starts over after 2 min of health', async () => {
  const followed = follow();
  followed.clock.chance = 1 - Number.EPSILON;
  const waits: number[] = [];
  for (let attempt = 0; attempt < 8; attempt += 1) {
    (await followed.api.next()).refuse();
    waits.push(await waitForNext(followed));
  }
  assert.deepEqual(waits, [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  const call = await synced(followed);
  for (let minute = 0; minute < 3; minute += 1) {
    call.events(bookmark(`${200 + minute}`));
    await followed.clock.advance(60_000);
  }
  call.break();
  await followed.clock.advance(200);
  (await followed.api.next()).refuse();
  assert.equal(await waitForNext(followed), 800);
  followed.clock.chance = 0;
  (await followed.api.next()).refuse();
  await followed.api.next();
});

test('90 s without a byte is a half-open connection: rewatched from the same version', async () => {
  const followed = follow();
  const call = await synced(followed);
  await followed.clock.advance(80_000);
  call.events(bookmark('120'));
  await followed.clock.advance(89_999);
  assert.equal(call.closed, false);
  await followed.clock.advance(1);
  assert.equal(call.closed, true);
  await followed.clock.advance(400);
  assert.equal((await followed.api.next()).query('resourceVersion'), '120');
});

test('an API server that accepts and never answers is given up after 30 s', async () => {
  const followed = follow();
  const call = await followed.api.next();
  await followed.clock.advance(30_000);
  assert.equal(call.closed, true);
  await followed.clock.advance(400);
  await followed.api.next();
});

test('a safety relist comes 10 to 15 min after the last list, with a consistent read', async () => {
  for (const [chance, milliseconds] of [
    [0, 600_000],
    [1 - Number.EPSILON, 900_000],
  ] as const) {
    const followed = follow();
    followed.clock.chance = chance;
    const call = await synced(followed);
    await keepAlive(followed, call, milliseconds - 5000);
    await followed.api.none();
    await followed.clock.advance(6000);
    const relist = await followed.api.next();
    assert.equal(relist.query('sendInitialEvents'), 'true');
    assert.equal(relist.query('resourceVersion'), '');
    // The data went back in time: the version is lower, and what it says counts.
    relist.head().events(event('ADDED', slice('a', 'db-3/u3'), '2'), bookmark('3', true));
    await followed.clock.advance(20);
    assert.deepEqual(followed.names(), ['db-3/u3']);
    assert.equal(followed.watch.stale, false);
  }
});

test('a watch that missed more writes than there are objects lists again, from what it knows', async () => {
  for (const [changes, listed] of [
    [3, null],
    [120, 'true'],
  ] as const) {
    const followed = follow();
    const call = await synced(followed);
    for (let round = 1; round <= changes; round += 1)
      call.events(event('MODIFIED', slice('a', 'db-0/u0', `db-1/u${round}`), `${200 + round}`));
    await settle();
    call.end();
    await followed.clock.advance(200);
    // As long as it is away for a moment only, it goes on from its version.
    const resumed = await followed.api.next();
    assert.equal(resumed.query('sendInitialEvents'), null);
    resumed.fail(503, 'ServiceUnavailable', { 'retry-after': '5' });
    await followed.clock.advance(5400);
    const again = await followed.api.next();
    assert.equal(again.query('sendInitialEvents'), listed, `after ${changes} changes in a moment`);
    assert.equal(again.query('resourceVersion'), `${200 + changes}`, 'nothing older than what is known');
  }
});

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
  await followed.clock.advance(400);
  assert.equal((await followed.api.next()).query('resourceVersion'), '100');
  assert.deepEqual(followed.names(), ['db-0/u0']);
});

test('a stream that ended and does not come back within a second is stale', async () => {
  const followed = follow();
  const call = await synced(followed);
  await followed.clock.advance(2000);
  call.end();
  await followed.clock.advance(200);
  const again = await followed.api.next();
  await followed.clock.advance(700);
  assert.equal(followed.watch.stale, false);
  await followed.clock.advance(1100);
  assert.deepEqual([followed.watch.stale, followed.watch.reason], [true, 'disconnected']);
  again.head();
  await followed.clock.advance(100);
  assert.equal(followed.watch.stale, false);
});

test('what was missed is told before the word that it is fresh again', async () => {
  const followed = follow();
  const call = await synced(followed);
  const order: string[] = [];
  followed.watch.add({
    synced: () => {},
    changed: ({ joined }) => order.push(`joined ${joined.map(({ uid }) => uid)}`),
    status: ({ stale }) => order.push(`stale ${stale}`),
    heartbeat: () => {},
  });
  call.break();
  await followed.clock.advance(2000);
  const again = await followed.api.next();
  again.head();
  await followed.clock.advance(99);
  assert.deepEqual(order, ['stale true']);
  again.events(event('MODIFIED', slice('a', 'db-0/u0', 'db-1/u1'), '105'));
  await followed.clock.advance(100);
  assert.deepEqual(order, ['stale true', 'joined u1', 'stale false']);
});

test('a service without any slice is stale as partial until one shows', async () => {
  const followed = follow();
  const call = await synced(followed, []);
  assert.deepEqual(
    [followed.watch.synced, followed.watch.stale, followed.watch.reason],
    [true, true, 'partial'],
  );
  assert.match(followed.watch.message ?? '', /service "db" in namespace "default"; create the Service/);
  call.events(event('ADDED', slice('a', 'db-0/u0'), '101'));
  await settle();
  assert.equal(followed.watch.stale, false);
  call.events(event('DELETED', slice('a', 'db-0/u0'), '102'));
  await followed.clock.advance(20);
  assert.deepEqual(followed.names(), []);
  assert.equal(followed.watch.stale, false, 'a slice that was seen and deleted is evidence');
});

test('heartbeats go on while the loop lists, sleeps and waits', async () => {
  const followed = follow();
  await followed.clock.advance(10_000);
  assert.deepEqual(
    followed.output.heartbeats.map(({ revision, stale, upstreamAgeSeconds }) => [
      revision,
      stale,
      upstreamAgeSeconds,
    ]),
    [
      [0, true, null],
      [0, true, null],
    ],
  );
  (await followed.api.next()).refuse();
  await followed.clock.advance(400);
  await synced(followed);
  await followed.clock.advance(60_000);
  assert.equal(followed.output.heartbeats.length, 14);
  const last = followed.output.heartbeats.at(-1);
  assert.deepEqual([last?.revision, last?.stale], [1, false]);
  assert.ok(last!.upstreamAgeSeconds! >= 55);
});

function withVersion(object: ReturnType<typeof slice>, version: string) {
  return { ...object, metadata: { ...object.metadata, resourceVersion: version } };
}

async function waitForNext({ api, clock }: Followed): Promise<number> {
  await settle();
  const before = api.calls.length;
  const began = clock.now();
  for (let waited = 0; waited <= 40_000; waited += 100) {
    await settle();
    if (api.calls.length > before) return Math.round(clock.now() - began);
    await clock.advance(100);
  }
  throw new Error('no further request within 40 s');
}

async function keepAlive({ clock }: Followed, call: Call, milliseconds: number): Promise<void> {
  for (let left = milliseconds; left > 0; left -= 60_000) {
    call.events(bookmark('101'));
    await clock.advance(Math.min(left, 60_000));
  }
}

test('a wait that the server asks for is a minute at most', async () => {
  for (const asked of ['1e9', '3600', '61']) {
    const followed = follow();
    const call = await synced(followed);
    await followed.clock.advance(2000);
    call.end();
    await followed.clock.advance(200);
    (await followed.api.next()).fail(429, 'TooManyRequests', { 'retry-after': asked });
    await followed.clock.advance(60_000);
    await followed.api.none();
    await followed.clock.advance(400);
    await followed.api.next();
  }
});

test('a certificate that is not accepted has token and CA read again, and is tried again at once', async () => {
  const followed = follow();
  const call = await synced(followed);
  await followed.clock.advance(2000);
  call.end();
  await followed.clock.advance(200);
  (await followed.api.next()).refuse('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  const again = await followed.api.next();
  assert.deepEqual([followed.api.tokenRefreshes, followed.watch.stale], [1, false]);
  again.refuse('SELF_SIGNED_CERT_IN_CHAIN');
  await settle();
  assert.deepEqual([followed.api.tokenRefreshes, followed.watch.stale], [2, true]);
  await followed.api.none();
});

test('a redirect is told with its target', async () => {
  const followed = follow();
  (await followed.api.next()).head(307, { location: 'https://elsewhere.test/api\n' }).send('moved').end();
  await settle();
  assert.match(
    followed.watch.message ?? '',
    /307: a redirect to "https:\/\/elsewhere\.test\/api\\n", which is not/,
  );
});

test('a service without any slice may also be one without a selector, or an ExternalName', async () => {
  const followed = follow();
  await synced(followed, []);
  assert.match(followed.watch.message ?? '', /without a selector needs EndpointSlices of its own/);
  assert.match(followed.watch.message ?? '', /ExternalName has no members/);
});

test('each page closes its request, and a list in pages is followed by nothing until the watch from it begins', async () => {
  const followed = follow();
  (await followed.api.next()).fail(422, 'Invalid');
  const page = await followed.api.next();
  page.json(200, list('50', [slice('a', 'db-0/u0')]));
  const watch = await followed.api.next();
  assert.deepEqual([page.closed, followed.watch.stale], [true, false]);
  await followed.clock.advance(1000);
  assert.equal(followed.watch.reason, 'disconnected');
  watch.head();
  await followed.clock.advance(100);
  assert.equal(followed.watch.stale, false);
});

test('credentials that worked are read again at once when they are refused another time', async () => {
  const followed = follow();
  (await followed.api.next()).fail(401, 'Unauthorized');
  const first = await synced(followed);
  assert.equal(followed.api.tokenRefreshes, 1);
  first.events(errorEvent(401, 'Unauthorized'));
  await settle();
  assert.deepEqual([followed.api.tokenRefreshes, followed.watch.stale], [2, false]);
  await followed.api.next();
});

test('an event between two errors of a stream has it watched from the same version again', async () => {
  const followed = follow();
  (await synced(followed)).events(errorEvent(500, 'oh'));
  await followed.clock.advance(1000);
  const second = await followed.api.next();
  second.head().events(event('MODIFIED', slice('a', 'db-0/u0'), '101'), errorEvent(500, 'oh'));
  await followed.clock.advance(2000);
  const third = await followed.api.next();
  assert.deepEqual([third.query('sendInitialEvents'), third.query('resourceVersion')], [null, '101']);
});

test('what a listener throws ends the reflector, which asks no more', async () => {
  const [api, clock] = [new ScriptedApi(), new FakeClock()];
  const collection = { path: '/api/v1/pods', members: () => [] };
  let heard = 0;
  const hear = () => {
    heard += 1;
    if (heard === 1) throw new TypeError('a fault of our own');
  };
  const done = pushed(collection, api, clock, silent)(hear, new AbortController().signal);
  const failed = assert.rejects(done, new TypeError('a fault of our own'));
  (await api.next()).head().events(bookmark('1', true));
  await failed;
  await clock.advance(60_000);
  await api.none();
});

test('a collection that wants another form of its objects asks for it, in lists and in watches', async () => {
  const asked: (string | undefined)[] = [];
  const api = new ScriptedApi();
  const noting = {
    get: (path: string, accept?: string) => {
      asked.push(accept);
      return api.get(path);
    },
    unauthorized: () => {},
  };
  const collection = {
    path: '/api/v1/pods',
    accept: { object: 'an object', list: 'a list' },
    members: () => [],
  };
  const stop = new AbortController();
  const done = pushed(collection, noting, new FakeClock(), silent)(() => {}, stop.signal);
  (await api.next()).fail(422, 'Invalid');
  (await api.next()).json(200, list('1', []));
  (await api.next()).head().end();
  stop.abort();
  await settle();
  await done;
  assert.deepEqual(asked, ['an object', 'a list', 'an object']);
});

test('a large group has its safety relist later: with 2000 members after 20 min at the soonest', async () => {
  const followed = follow();
  followed.clock.chance = 0;
  const slices = Array.from({ length: 20 }, (_, index) =>
    slice(`s-${index}`, ...Array.from({ length: 100 }, (_, at) => `db-${index}-${at}/u${index}-${at}`)),
  );
  const call = await synced(followed, slices);
  await keepAlive(followed, call, 1_195_000);
  await followed.api.none();
  await followed.clock.advance(6000);
  assert.equal((await followed.api.next()).query('sendInitialEvents'), 'true');
});

test('a complete list forgives the one that was cut before it', async () => {
  const followed = follow();
  const cutList = async () => {
    const call = await followed.api.next();
    assert.equal(call.query('sendInitialEvents'), 'true');
    call.head().events(bookmark('5')).end();
    await followed.clock.advance(1000);
  };
  await cutList();
  (await synced(followed)).events(errorEvent(410, 'Expired'));
  await cutList();
  assert.equal((await followed.api.next()).query('sendInitialEvents'), 'true');
});

test('a watch that fell silent was followed to its last byte only', async () => {
  const busy = follow();
  const call = await synced(busy);
  for (let version = 101; version <= 160; version += 1)
    call.events(event('MODIFIED', slice('a', 'db-0/u0'), String(version)));
  await busy.clock.advance(91_000);
  const relist = await busy.api.next();
  assert.deepEqual([relist.query('sendInitialEvents'), relist.query('resourceVersion')], ['true', '160']);

  const quiet = follow();
  const kept = await synced(quiet, [slice('a', 'db-0/u0'), slice('b', 'db-1/u1')]);
  kept.events(event('MODIFIED', slice('a', 'db-0/u0'), '101'));
  // The last bookmark comes after a minute.
  await keepAlive(quiet, kept, 120_000);
  await quiet.clock.advance(31_000);
  assert.equal((await quiet.api.next()).query('sendInitialEvents'), null, 'a bookmark came in between');
});

test('a list of twice as many pages is twice the work', async () => {
  const work = async (pages: number) => {
    const followed = follow();
    (await followed.api.next()).fail(422, 'Invalid');
    return byIterationOf(async () => {
      for (let page = 1; page <= pages; page += 1) {
        const slices = Array.from({ length: 20 }, (_, at) => slice(`s-${page}-${at}`));
        (await followed.api.next()).json(200, list('50', slices, page < pages ? `page-${page}` : ''));
      }
      await followed.api.next();
    });
  };
  const [once, twice] = [await work(100), await work(200)];
  assert.ok(twice < 2.5 * once, `${once} and ${twice} steps`);
});
