/** The lines that a watch tells beside its changes: what they say, and when they come. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SourceEvent } from '../../src/watcher/source.ts';
import { Watch } from '../../src/watcher/watch.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { Recorder } from './followed-group.ts';
import { RecordedLog } from './recorded-log.ts';
import { member, scripted, watchOf } from './scripted-source.ts';

function watched() {
  const source = scripted();
  const clock = new FakeClock();
  const output = new Recorder();
  const watch = watchOf(source, clock, output);
  const tell = async (event: SourceEvent) => {
    source.push(event);
    await settle();
  };
  const know = (...uids: string[]) =>
    tell({ type: 'replace', parts: new Map([['a', uids.map((uid) => member(uid))]]) });
  return { source, clock, output, watch, tell, know };
}

const GONE = { type: 'failure', reason: 'disconnected', message: 'gone' } as const;

test('hello says who speaks of which group, and of this pod where that is known', async () => {
  const source = { name: 'endpointslices', ...scripted() } as const;
  const group = { namespace: 'shop', service: 'db' };
  const watch = new Watch({ source, group, clock: new FakeClock() });
  const hello = {
    type: 'hello',
    protocol: 1,
    epoch: watch.epoch,
    group,
    source: 'endpointslices',
    heartbeatSeconds: 5,
    synced: false,
    expected: null,
  };
  assert.deepEqual(watch.hello(), hello);
  assert.match(watch.epoch, /^[0-9a-f-]{36}$/);
  const self = { uid: 'u0' };
  const own = new Watch({ source, group, self, clock: new FakeClock() });
  assert.deepEqual(own.hello(), { ...hello, epoch: own.epoch, self });
  assert.notEqual(own.epoch, watch.epoch);
});

test('a status has a reason and a sentence only while there is one', async () => {
  const { watch, know, tell, clock } = watched();
  const start = clock.date().toISOString();
  assert.deepEqual(watch.status(), { type: 'status', stale: true, since: start });
  await clock.advance(1000);
  await know('u0');
  const synced = clock.date().toISOString();
  assert.deepEqual(watch.status(), { type: 'status', stale: false, since: synced });
  await clock.advance(1000);
  await tell(GONE);
  const gone = clock.date().toISOString();
  assert.deepEqual(watch.status(), {
    type: 'status',
    stale: true,
    reason: 'disconnected',
    message: 'gone',
    since: gone,
  });
  await clock.advance(1000);
  await tell({ type: 'failure', reason: 'forbidden', message: 'may not' });
  const { reason, since } = watch.status();
  assert.deepEqual([reason, since], ['forbidden', gone], 'it has been stale since then');
});

test('a status goes out when the freshness, or its reason, is another one, and then alone', async () => {
  const { output, know, tell } = watched();
  await tell(GONE);
  await know('u0');
  assert.deepEqual(output.statuses, []);
  for (const event of [GONE, { ...GONE, message: 'again' }, { ...GONE, reason: 'forbidden' } as const])
    await tell(event);
  await tell({ type: 'fresh' });
  await tell({ type: 'fresh' });
  assert.deepEqual(
    output.statuses.map(({ stale, reason, message }) => [stale, reason, message]),
    [
      [true, 'disconnected', 'gone'],
      [true, 'forbidden', 'gone'],
      [false, undefined, undefined],
    ],
  );
});

test('a heartbeat comes every 5 s, with the revision, the freshness and the age of the last evidence', async () => {
  const { output, know, tell, clock } = watched();
  await clock.advance(4999);
  await tell({ type: 'tick' });
  assert.deepEqual(output.heartbeats, []);
  await clock.advance(1);
  await tell({ type: 'tick' });
  await clock.advance(1000);
  await know('u0');
  await clock.advance(4000);
  await tell({ type: 'tick' });
  await tell({ type: 'tick' });
  assert.deepEqual(output.heartbeats, [
    { type: 'heartbeat', revision: 0, stale: true, upstreamAgeSeconds: null },
    { type: 'heartbeat', revision: 1, stale: false, upstreamAgeSeconds: 4 },
  ]);
});

test('what upstream says is evidence, and what is said of its silence is none', async () => {
  const { watch, know, tell, clock } = watched();
  await know('u0');
  for (const event of [
    { type: 'set', key: 'a', members: [] },
    { type: 'delete', key: 'a' },
    { type: 'evidence' },
    { type: 'fresh' },
    { type: 'replace', parts: new Map() },
  ] as SourceEvent[]) {
    await clock.advance(1500.4);
    assert.equal(watch.upstreamAgeSeconds(), 1.5, event.type);
    await tell(event);
    assert.equal(watch.upstreamAgeSeconds(), 0, event.type);
  }
  for (const event of [GONE, { type: 'lost', message: 'cut' }, { type: 'tick' }] as SourceEvent[]) {
    await clock.advance(1000);
    await tell(event);
  }
  assert.equal(watch.upstreamAgeSeconds(), 3);
  assert.equal(watch.pulseAgeSeconds(), 0, 'each of them shows that the loop lives');
});

test('the first list is logged, and each change of the freshness, with what is wrong', async () => {
  const log = new RecordedLog();
  const source = scripted();
  const clock = new FakeClock();
  const watch = new Watch({
    source: { name: 'endpointslices', ...source },
    group: { namespace: 'shop' },
    clock,
    log,
  });
  watch.add({
    synced: () => {
      throw new Error('broken');
    },
  });
  void watch.run();
  source.push({ type: 'replace', parts: new Map([['a', [member('u0')]]]), partial: 'half' });
  source.push({ type: 'set', key: 'a', members: [member('u0')] });
  source.push(GONE);
  await settle();
  assert.deepEqual(log.said(/^synced$/), [{ members: 1, stale: true, problem: 'half' }]);
  assert.match(String(log.said(/^an output failed$/)[0]?.error), /^Error: broken\n/);
  assert.deepEqual(log.said(/^fresh$/), [{ reason: undefined, problem: undefined }]);
  assert.deepEqual(log.said(/^stale$/), [{ reason: 'disconnected', problem: 'gone' }]);
});

test('a watch that pulls ends with the next event once its signal has aborted', async () => {
  const source = scripted();
  const clock = new FakeClock();
  const output = new Recorder();
  const watch = new Watch({
    source: { name: 'endpointslices', ...source },
    group: { namespace: 'shop' },
    clock,
  });
  watch.add(output);
  const stop = new AbortController();
  const done = watch.run(stop.signal);
  source.push({ type: 'tick' });
  await settle();
  stop.abort();
  source.push({ type: 'replace', parts: new Map() });
  await done;
  assert.equal(output.syncs, 0);
});
