import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Gate, type GateOptions } from '../../../src/watcher/outputs/gate.ts';
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
    members: 3,
    timeoutMs: 50_000,
    onTimeout: 'continue' as const,
    marker: join(directory, 'm'),
    ...options,
  };
  const gate = new Gate(all, clock, log);
  gate.start();
  watchOf(source, clock, gate);
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
  return { gate, clock, log, know, options: all, failure: () => failure };
}

test('the gate opens at the wanted number of members, ready or not, and stays open', async (t) => {
  const { gate, know } = await guard(t);
  await know(0, 1);
  assert.equal(gate.open, false);
  await know(0, 1, 2);
  assert.equal(gate.open, true);
  await know(0);
  assert.equal(gate.open, true);
});

test('without a number it opens when the group is known, or after 10 s', async (t) => {
  const synced = await guard(t, { members: 0 });
  assert.equal(synced.gate.open, false);
  await synced.know();
  assert.equal(synced.gate.open, true);
  const alone = await guard(t, { members: 0, onTimeout: 'fail' });
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
  assert.deepEqual(log.said(/starts without company/), [{ known: 2, wanted: 3 }]);
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
  assert.deepEqual(first.log.said(/without company/), [], 'it waits for nothing');
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
  assert.match(String(log.said(/without company/)[0]?.hint), /this pod is not among the members; .*labels/);
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
