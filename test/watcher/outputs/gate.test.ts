import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { Gate, type GateOptions } from '../../../src/watcher/outputs/gate.ts';
import { Headcount } from '../../../src/watcher/outputs/headcount.ts';
import type { Member } from '../../../src/watcher/protocol.ts';
import { parseWaitCondition } from '../../../src/watcher/texts/wait-condition.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { RecordedLog } from '../recorded-log.ts';
import { member, scripted, watchOf } from '../scripted-source.ts';

async function guard(t: TestContext, options: Partial<GateOptions> = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const clock = new FakeClock();
  const log = new RecordedLog();
  const source = scripted();
  const all = {
    condition: parseWaitCondition('3'),
    timeoutMs: 50_000,
    onTimeout: 'continue' as const,
    marker: join(directory, 'm'),
    ...options,
  };
  const gate = new Gate(all, clock, log);
  gate.start();
  const watch = watchOf(source, clock, gate);
  let failure: Error | undefined;
  gate.failed.catch((error: Error) => {
    failure = error;
  });
  const know = async (...ordinals: number[]) => {
    const members = ordinals.map((ordinal) =>
      member(`u${ordinal}`, {
        name: `db-${ordinal}`,
        ordinal,
        ready: false,
        ...(ordinal === 0 ? { self: true } : {}),
      }),
    );
    source.push({ type: 'replace', parts: new Map([['a', members]]) });
    await settle();
    await clock.advance(20);
  };
  const tell = async (members: Member[]) => {
    source.push({ type: 'replace', parts: new Map([['a', members]]) });
    await settle();
    await clock.advance(200);
  };
  return { gate, watch, clock, log, know, tell, options: all, failure: () => failure };
}

/** A member of a StatefulSet: `db(1, 'ready')`. */
function db(ordinal: number, state: 'ready' | 'waiting' | 'terminating', more: Partial<Member> = {}): Member {
  const [ready, terminating] = [state === 'ready', state === 'terminating'];
  return member(`u${ordinal}`, {
    name: `db-${ordinal}`,
    ordinal,
    ready,
    serving: ready,
    terminating,
    ...more,
  });
}

const SELF = { self: true } as const;

test('the gate opens at the wanted number of members, ready or not, and stays open', async (t) => {
  const { gate, know } = await guard(t);
  await know(0, 1);
  assert.equal(gate.open, false);
  await know(0, 1, 2);
  assert.equal(gate.open, true);
  await know(0);
  assert.equal(gate.open, true);
});

test('for a moment it tells that it has just been opened', async (t) => {
  const { gate, know, clock } = await guard(t);
  assert.equal(gate.openedWithin(1000), false);
  await know(0, 1, 2);
  assert.equal(gate.openedWithin(1000), true);
  await clock.advance(1000);
  assert.equal(gate.openedWithin(1000), false);
});

test('a group that nobody has heard of meets no condition', () => {
  assert.equal(new Headcount(parseWaitCondition('0')).met, false);
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

test('a wait that an OrderedReady StatefulSet can never end is called that, at its start', async (t) => {
  const { clock, know, log, failure } = await guard(t, { onTimeout: 'fail' });
  await know(0);
  const [waiting] = log.said(/waits for members/);
  assert.match(String(waiting?.hint), /^db-0 is the highest ordinal .* set podManagementPolicy: Parallel$/);
  await clock.advance(50_000);
  assert.match(failure()?.message ?? '', /: 1 of 3 members .*; db-0 is the highest ordinal/);
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

test('a pod that is not among those it waits for is told so', async (t) => {
  const { clock, know, log } = await guard(t);
  await know(1, 2);
  await clock.advance(50_000);
  assert.match(
    String(log.said(/without the members that it waited for/)[0]?.hint),
    /this pod is not among the members; .*labels/,
  );
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

const waits = (condition: string, more: Partial<GateOptions> = {}) => ({
  condition: parseWaitCondition(condition),
  ...more,
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

test('what is waited for, what is there and whether it is enough can be scraped', async (t) => {
  const { gate, tell } = await guard(t, waits('2 ready'));
  const read = () => gate.metrics.map(({ type, name, read }) => `${type} ${name} ${read()}`);
  const gauges = (...values: number[]) =>
    ['open', 'wanted', 'have'].map((name, at) => `gauge rollcall_gate_${name} ${values[at]}`);
  assert.deepEqual(read(), gauges(0, 2, 0));
  await tell([db(0, 'ready'), db(1, 'ready')]);
  assert.deepEqual(read(), gauges(1, 2, 2));
});

test('what is counted by the change is what a walk through all members would count', async () => {
  const state = fc.constantFrom('ready' as const, 'waiting' as const, 'terminating' as const);
  const group = fc.uniqueArray(fc.record({ ordinal: fc.nat(4), state }), {
    selector: ({ ordinal }) => ordinal,
  });
  const condition = fc.constantFrom('3', '2 ready', 'all ready', 'ordinal 1 ready').map(parseWaitCondition);
  await fc.assert(
    fc.asyncProperty(fc.array(group, { minLength: 1, maxLength: 6 }), condition, async (groups, wanted) => {
      const clock = new FakeClock();
      const source = scripted();
      const headcount = new Headcount(wanted);
      const watch = watchOf(source, clock, {
        synced: (view) => headcount.synced(view),
        changed: (delta, _view, was) => headcount.changed(delta, was),
      });
      for (const one of groups) {
        const members = one.map(({ ordinal, state }) => db(ordinal, state, ordinal === 0 ? SELF : {}));
        source.push({ type: 'replace', parts: new Map([['a', members]]) });
        await settle();
        await clock.advance(200);
        const walked = [...watch.members.values()].filter((member) => wanted.counts(member)).length;
        assert.equal(headcount.have, walked);
      }
    }),
    { numRuns: 100 },
  );
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
