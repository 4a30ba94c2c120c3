/** Answers that are sound as HTTP, and not what was asked for. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointSlices } from '../../../src/watcher/kubernetes/endpoint-slices.ts';
import { pushed } from '../../../src/watcher/kubernetes/reflector.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { bookmark, type Call, errorEvent, event, list, ScriptedApi } from '../../support/scripted-api.ts';
import { endWatch, follow, slice, synced } from '../followed-group.ts';
import { RecordedLog } from '../recorded-log.ts';

type Answer = (call: Call) => void;

/** A list in which a byte of a name is broken. */
const NOT_UTF8 = Buffer.from(
  JSON.stringify(list('500', [slice('a', 'db-~/u9')])).replace('~', '\xff'),
  'latin1',
);

test('a version of which nothing comes twice is given up for a list', async () => {
  const refused: [what: string, answer: Answer, from: string][] = [
    ...[400, 404, 405, 409, 422].map((status): [string, Answer, string] => [
      `${status}`,
      (call) => call.fail(status, 'No'),
      '',
    ]),
    ...[0, 400, 404].map((status): [string, Answer, string] => [
      `${status} as an event`,
      (call) => call.head().events(errorEvent(status, 'No')).end(),
      status === 0 ? '100' : '',
    ]),
    ['half a line', (call) => call.head().send('{"type":"ADDED","obj\n'), '100'],
    [
      'an event of an unknown type',
      (call) => call.head().events({ ...event('ADDED', slice('a'), '7'), type: 'RENAMED' }),
      '100',
    ],
  ];
  for (const [what, answer, from] of refused) {
    const followed = follow();
    const call = await synced(followed);
    await endWatch(followed, call);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const watch = await followed.api.next();
      assert.equal(watch.query('resourceVersion'), '100', what);
      assert.equal(watch.query('sendInitialEvents'), null, what);
      answer(watch);
      await followed.clock.advance(30_000);
      assert.deepEqual(followed.names(), ['db-0/u0'], what);
      assert.equal(followed.watch.stale, true, what);
    }
    const list = await followed.api.next();
    assert.deepEqual([list.query('sendInitialEvents'), list.query('resourceVersion')], ['true', from], what);
    list.head().events(event('ADDED', slice('a', 'db-0/u0', 'db-1/u1'), '105'), bookmark('106', true));
    await followed.clock.advance(1000);
    assert.deepEqual(followed.names(), ['db-0/u0', 'db-1/u1'], what);
    assert.equal(followed.watch.stale, false, what);
  }
});

test('a version has expired when the reason says so, whatever the code beside it is', async () => {
  for (const [code, reason] of [
    [0, 'Expired'],
    [200, 'Gone'],
    [404, 'Expired'],
    [500, 'Gone'],
  ] as const) {
    const followed = follow();
    const call = await synced(followed);
    call.events(errorEvent(code, reason));
    await settle();
    const list = await followed.api.next();
    assert.deepEqual(
      [list.query('sendInitialEvents'), list.query('resourceVersion')],
      ['true', ''],
      `${code} ${reason}`,
    );
  }
});

test('an answer of something else removes nobody, and is stale', async () => {
  const other = (fields: object) => ({ ...slice('a', 'db-9/u9'), ...fields });
  const elsewhere = other({ metadata: { ...slice('a').metadata, namespace: 'other' } });
  const answers: [what: string, answer: Answer][] = [
    ['a list of pods', (call) => call.json(200, { ...list('500', []), kind: 'PodList' })],
    ['a table', (call) => call.json(200, { kind: 'Table', metadata: { resourceVersion: '5' }, rows: [] })],
    ['no items', (call) => call.json(200, { metadata: { resourceVersion: '500' } })],
    ['an object of another kind', (call) => call.json(200, list('500', [other({ kind: 'Pod' })]))],
    ['an object of another namespace', (call) => call.json(200, list('500', [elsewhere]))],
    ['bytes that are not UTF-8', (call) => call.head().send(NOT_UTF8).end()],
  ];
  for (const [what, answer] of answers) {
    const followed = follow();
    const watch = await synced(followed);
    watch.events(errorEvent(410, 'Expired'));
    (await followed.api.next()).fail(422, 'Invalid');
    answer(await followed.api.next());
    await followed.clock.advance(1000);
    assert.deepEqual([followed.names(), followed.output.deltas], [['db-0/u0'], []], what);
    assert.equal(followed.watch.stale, true, what);
  }
  const events = [other({ kind: 'Pod' }), other({ kind: 'Status', code: 410 }), elsewhere];
  for (const [type, object] of events.flatMap((one) => [
    ['MODIFIED', one] as const,
    ['DELETED', one] as const,
  ])) {
    const followed = follow();
    const watch = await synced(followed);
    watch.events(event(type, object, '105'));
    await followed.clock.advance(200);
    assert.deepEqual([followed.names(), followed.output.deltas], [['db-0/u0'], []], type);
    assert.equal(followed.watch.stale, true, type);
  }
});

test('a slice of another service is not counted', async () => {
  const followed = follow();
  const watch = await synced(followed);
  const labelled = (name: string, service: string, ...members: string[]) => ({
    ...slice(name, ...members),
    metadata: { ...slice(name).metadata, labels: { 'kubernetes.io/service-name': service } },
  });
  watch.events(
    event('ADDED', labelled('b', 'web', 'web-0/w0'), '105'),
    event('ADDED', labelled('c', 'db', 'db-1/u1'), '106'),
  );
  await followed.clock.advance(200);
  assert.deepEqual(followed.names(), ['db-0/u0', 'db-1/u1']);
});

test('a list without an end is given up, and is stale', async () => {
  const tokens: [what: string, of: (page: number) => string][] = [
    ['the same page', () => 'again'],
    ['always another page', (page) => `page-${page}`],
  ];
  for (const [what, token] of tokens) {
    const followed = follow();
    const watch = await synced(followed);
    watch.events(errorEvent(410, 'Expired'));
    (await followed.api.next()).fail(422, 'Invalid');
    let pages = 0;
    for (; ; pages += 1) {
      await settle();
      if (followed.api.calls.length === pages + 2) break;
      (await followed.api.next()).json(200, list('500', [], token(pages)));
    }
    assert.ok(pages <= 1000, `${what}: ${pages}`);
    assert.deepEqual([followed.names(), followed.watch.stale], [['db-0/u0'], true], what);
    await followed.clock.advance(30_000);
    assert.equal((await followed.api.next()).query('continue'), null, what);
  }
});

test('a redirect of any kind is told with its target', async () => {
  for (const status of [300, 301, 399]) {
    const followed = follow();
    (await followed.api.next()).json(status, {}, { location: 'http://elsewhere' });
    await settle();
    assert.match(followed.watch.message ?? '', /a redirect to "http:\/\/elsewhere", which is not followed/);
  }
});

test('that a server has no streaming lists is logged once', async () => {
  const [api, clock, log, stop] = [
    new ScriptedApi(),
    new FakeClock(),
    new RecordedLog(),
    new AbortController(),
  ];
  const collection = endpointSlices({
    group: { namespace: 'default', service: 'db' },
    clusterDomain: 'cluster.local',
  });
  const done = pushed(collection, api, clock, log)(() => {}, stop.signal);
  const said = () => log.said(/no streaming lists here/).length;
  (await api.next()).fail(500, 'No');
  await clock.advance(1000);
  const [failure] = log.said(/upstream can not be followed/);
  assert.deepEqual([failure?.reason, failure?.error], ['disconnected', 'the API server says 500: No']);
  assert.equal(said(), 0);
  (await api.next()).fail(422, 'Invalid');
  (await api.next()).fail(500, 'No');
  await clock.advance(2000);
  (await api.next()).fail(500, 'No');
  await settle();
  assert.equal(said(), 1);
  stop.abort();
  await clock.advance(30_000);
  await done;
});
