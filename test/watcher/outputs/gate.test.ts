import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { Gate, type GateOptions } from '../../../src/watcher/outputs/gate.ts';
import { parseWaitCondition } from '../../../src/watcher/texts/wait-condition.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordedLog } from '../recorded-log.ts';
import { db, guard, SELF, waits } from './guarded.ts';

test('the gate opens at the wanted number of members, ready or not, and stays open', async (t) => {
  const { gate, know } = await guard(t);
  await know(0, 1);
  assert.equal(gate.open, false);
  await know(0, 1, 2);
  assert.equal(gate.open, true);
  await know(0);
  assert.equal(gate.open, true);
});

test('it opens once the files are written, and says meanwhile what it waits for', async (t) => {
  const written = Promise.withResolvers<void>();
  let asked = 0;
  const files = () => {
    asked += 1;
    return written.promise;
  };
  const { gate, know } = await guard(t, { files });
  await know(0, 1);
  assert.equal(asked, 0);
  await know(0, 1, 2);
  await know(0, 1, 2, 3);
  await know(0);
  assert.deepEqual([gate.open, asked], [false, 1]);
  assert.equal(gate.waiting, 'the application waits until the files are written');
  written.resolve();
  await gate.opened;
  assert.equal(gate.open, true);
});

test('files that can not be written keep it for 5 s, also from what it does at the timeout', async (t) => {
  const { gate, know, clock } = await guard(t, { files: () => new Promise(() => {}) });
  await know(0, 1, 2);
  await clock.advance(4900);
  assert.equal(gate.open, false);
  await clock.advance(100);
  assert.equal(gate.open, true);
  const failed = await guard(t, { files: () => Promise.reject(new Error('EIO')) });
  await failed.know(0, 1, 2);
  assert.equal(failed.gate.open, true);
  const late = await guard(t, { files: () => new Promise(() => {}) });
  await late.clock.advance(54_999);
  assert.equal(late.gate.open, false);
  await late.clock.advance(1);
  assert.equal(late.gate.open, true);
  assert.match(late.gate.notice!, /starts all the same/);
});

test('for a moment it tells that it has just been opened', async (t) => {
  const { gate, know, clock } = await guard(t);
  assert.equal(gate.openedWithin(1000), false);
  await know(0, 1, 2);
  assert.equal(gate.openedWithin(1000), true);
  await clock.advance(1000);
  assert.equal(gate.openedWithin(1000), false);
});

test('without a number it opens when the group is known, or after 10 s', async (t) => {
  const synced = await guard(t, { condition: parseWaitCondition('0') });
  assert.equal(synced.gate.open, false);
  await synced.know();
  assert.equal(synced.gate.open, true);
  const alone = await guard(t, { condition: parseWaitCondition('0'), onTimeout: 'fail' });
  await alone.clock.advance(9999);
  assert.equal(alone.gate.open, false);
  await alone.clock.advance(1);
  assert.equal(alone.gate.open, true);
  assert.equal(alone.failure(), undefined);
});

test('at the timeout it opens with a warning', async (t) => {
  const { gate, clock, know, log, failure } = await guard(t);
  await know(0, 1);
  await clock.advance(50_000);
  assert.equal(gate.open, true);
  assert.equal(failure(), undefined);
  assert.deepEqual(log.said(/starts without the members that it waited for/), [
    { waitFor: '3', known: 2, wanted: 3 },
  ]);
});

test('or it fails, with the numbers in its message', async (t) => {
  const { gate, clock, know, failure } = await guard(t, { onTimeout: 'fail' });
  await know(0, 5);
  await clock.advance(50_000);
  assert.equal(gate.open, false);
  assert.match(
    failure()!.message,
    /^waitFor: "3" is not met: 2 of 3 members after 50 s, which is to be a failure; see why/,
  );
});

test('a sidecar that restarts beside a running application holds nothing back', async (t) => {
  const first = await guard(t);
  await first.know(0, 1, 2);
  const again = new Gate(first.options, first.clock, first.log);
  assert.equal(again.open, true);
  await again.opened;
  again.start();
  await first.clock.advance(50_000);
  assert.deepEqual(first.log.said(/without the members that it waited for/), [], 'it waits for nothing');
});

test('a mark of the start that was removed is made again, and none is made before the start', async (t) => {
  const { gate, know, log, options } = await guard(t);
  gate.restore();
  assert.equal(existsSync(options.marker), false);
  await know(0, 1, 2);
  await rm(options.marker);
  gate.restore();
  assert.equal(existsSync(options.marker), true);
  gate.restore();
  assert.deepEqual(log.said(/will wait again/), []);
});

test('who waits for it to open is told at once, and not before', async (t) => {
  const { gate, know } = await guard(t);
  let told = false;
  void gate.opened.then(() => {
    told = true;
  });
  await know(0, 1);
  assert.equal(told, false);
  await know(0, 1, 2);
  assert.equal(told, true);
});

test('what the application is started without is told, and nothing is when it has its company', async (t) => {
  const { gate, clock, know } = await guard(t);
  await know(0);
  assert.equal(gate.notice, undefined);
  await clock.advance(50_000);
  assert.match(
    gate.notice!,
    /^rollcall: the application starts all the same: 1 of 3 members after 50 s; db-0/,
  );
  const complete = await guard(t);
  await complete.know(0, 1, 2);
  await complete.clock.advance(50_000);
  assert.deepEqual([complete.gate.open, complete.gate.notice], [true, undefined]);
});

test('ready members are waited for, and the pod itself counts although it can not be ready yet', async (t) => {
  const { gate, tell } = await guard(t, waits('2 ready'));
  await tell([db(0, 'waiting', SELF), db(1, 'waiting')]);
  assert.equal(gate.waiting, 'the application waits for "2 ready": 1 of 2 ready members');
  await tell([db(0, 'waiting', SELF), db(1, 'ready')]);
  assert.deepEqual([gate.open, gate.waiting], [true, undefined]);
});

test('a Service that publishes pods that are not ready makes none of them count as ready', async (t) => {
  const { gate, tell } = await guard(t, waits('1 ready'));
  await tell([db(1, 'waiting', { ready: true })]);
  assert.equal(gate.open, false);
  await tell([db(1, 'ready')]);
  assert.equal(gate.open, true);
});

test('a member that terminates is no company, however it was before', async (t) => {
  for (const condition of ['2', '2 ready']) {
    const { gate, tell } = await guard(t, waits(condition));
    await tell([db(0, 'waiting', SELF), db(1, 'terminating', { ready: true, serving: true })]);
    assert.equal(gate.open, false, condition);
  }
});

test('the member of an ordinal is waited for, and that member itself waits for nobody', async (t) => {
  const { gate, tell } = await guard(t, waits('ordinal 0 ready'));
  await tell([db(0, 'waiting'), db(1, 'ready'), db(2, 'waiting', SELF)]);
  assert.equal(
    gate.waiting,
    'the application waits for "ordinal 0 ready": the member of ordinal 0 is not ready',
  );
  await tell([db(0, 'ready'), db(1, 'ready'), db(2, 'waiting', SELF)]);
  assert.equal(gate.open, true);
  const first = await guard(t, waits('ordinal 0 ready'));
  await first.tell([db(0, 'waiting', SELF)]);
  assert.equal(first.gate.open, true);
});

test('all are as many as are expected; until somebody says how many, nobody is all', async (t) => {
  const { gate, tell, watch } = await guard(t, waits('all'));
  await tell([db(0, 'waiting', SELF), db(1, 'waiting')]);
  assert.match(gate.waiting!, /: 2 members, and nobody says how many are expected$/);
  watch.expect(3);
  assert.match(gate.waiting!, /"all": 2 of 3 members$/);
  watch.expect(2);
  assert.equal(gate.open, true);
});

test('a failure that nobody waits for does not end the process, and leaves the gate closed', async () => {
  const clock = new FakeClock();
  const unheard = waits('2', { onTimeout: 'fail' });
  const gate = new Gate(
    { timeoutMs: 1000, onTimeout: 'fail', marker: '/nowhere/m', ...unheard } as GateOptions,
    clock,
    new RecordedLog(),
  );
  const unhandled: unknown[] = [];
  const hear = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', hear);
  gate.start();
  await clock.advance(1000);
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', hear);
  assert.deepEqual([unhandled, gate.open], [[], false]);
});
