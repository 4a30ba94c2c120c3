/** What a gate says of its wait, to the log, to probes and to whoever scrapes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { db, guard, SELF, waits } from './guarded.ts';

test('a wait that an OrderedReady StatefulSet can never end is called that, at its start', async (t) => {
  const { clock, know, log, failure } = await guard(t, { onTimeout: 'fail' });
  await know(0);
  const [waiting] = log.said(/waits for members/);
  assert.match(String(waiting?.hint), /^db-0 is the highest ordinal .* set podManagementPolicy: Parallel$/);
  await clock.advance(50_000);
  assert.match(failure()?.message ?? '', /: 1 of 3 members .*; db-0 is the highest ordinal/);
});

test('a pod that is not among those it waits for is told so', async (t) => {
  const { clock, know, log } = await guard(t);
  await know(1, 2);
  await clock.advance(50_000);
  assert.match(
    String(log.said(/without the members that it waited for/)[0]?.hint),
    /this pod is not among the members; .*labels/,
  );
});

test('members that are there and wait as this one does are called a wait without an end', async (t) => {
  const { tell, log, failure, clock } = await guard(t, waits('3 ready', { onTimeout: 'fail' }));
  await tell([db(0, 'waiting', SELF), db(1, 'waiting'), db(2, 'waiting')]);
  const hint =
    /2 of the members, which are there, become ready: .* wait for one another; write "3" without "ready"/;
  assert.match(String(log.said(/waits for members/)[0]?.hint), hint);
  await clock.advance(50_000);
  assert.match(failure()!.message, /^waitFor: "3 ready" is not met: 1 of 3 ready members after 50 s/);
});

test('an ordinal that an OrderedReady StatefulSet makes later is called a wait without an end', async (t) => {
  const { tell, log } = await guard(t, waits('ordinal 1'));
  await tell([db(0, 'waiting', SELF)]);
  assert.match(String(log.said(/waits for members/)[0]?.hint), /db-0 is the highest ordinal/);
});

test('another group is named in what is said, and this pod need not be in it', async (t) => {
  const { gate, tell, failure, clock, log } = await guard(
    t,
    waits('2 ready', { name: 'backends', onTimeout: 'fail' }),
  );
  assert.equal(
    gate.waiting,
    'the application waits for "2 ready" of backends: 0 of 2 ready members of backends',
  );
  await tell([db(1, 'ready')]);
  assert.deepEqual(log.said(/waits for members/), [{ waitFor: '2 ready', known: 1, wanted: 2 }]);
  await clock.advance(50_000);
  assert.match(
    failure()!.message,
    /^waitForGroup: "backends=2 ready" is not met: 1 of 2 ready members of backends/,
  );
});

test('another group that is only to be known is named too', async (t) => {
  const { gate, clock } = await guard(t, waits('0', { name: 'backends' }));
  assert.equal(gate.waiting, 'the application waits until the group of backends is known');
  await clock.advance(10_000);
  assert.match(gate.notice ?? '', /the group of backends is not known after 10 s/);
  assert.equal(gate.openedWithin(1), true);
  await clock.advance(1000);
  assert.deepEqual([gate.openedWithin(1000), gate.openedWithin(1001)], [false, true]);
});

test('what is waited for, what is there and whether it is enough can be scraped', async (t) => {
  const { gate, tell } = await guard(t, waits('2 ready'));
  const read = () => gate.metrics.map(({ type, name, read }) => `${type} ${name} ${read()}`);
  const gauges = (...values: number[]) =>
    ['open', 'wanted', 'have'].map((name, at) => `gauge rollcall_gate_${name} ${values[at]}`);
  assert.deepEqual(read(), gauges(0, 2, 0));
  await tell([db(0, 'ready'), db(1, 'ready')]);
  assert.deepEqual(read(), gauges(1, 2, 2));
});

test('a wait for ready members is not called endless before anybody says how many, nor for one ordinal', async (t) => {
  for (const condition of ['all ready', 'ordinal 0 ready']) {
    const { tell, log } = await guard(t, waits(condition));
    await tell([db(1, 'waiting', SELF), db(0, 'waiting')]);
    assert.doesNotMatch(String(log.said(/waits for members/)[0]?.hint), /wait for one another/, condition);
  }
});

test('the highest ordinal does not wait for a later one where those that are there are enough', async (t) => {
  const { tell, log } = await guard(t, waits('2 ready'));
  await tell([db(0, 'waiting'), db(1, 'waiting', SELF)]);
  assert.doesNotMatch(String(log.said(/waits for members/)[0]?.hint), /highest ordinal/);
});
