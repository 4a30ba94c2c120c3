import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { stopping } from '../../src/sidecar/stopping.ts';
import { silent } from '../../src/watcher/log.ts';
import type { Output } from '../../src/watcher/outputs/output.ts';

test('an output that fails to end is logged, and the others and the process end all the same', async () => {
  const ended: string[] = [];
  const logged: unknown[] = [];
  const outputs: Output[] = [
    {
      idle: () => Promise.reject(new Error('not idle')),
      close() {
        throw new Error('at once');
      },
    },
    { close: () => Promise.reject(new Error('later')) },
    { close: (reason) => void ended.push(reason) },
  ];
  const begun: unknown[] = [];
  const log = {
    ...silent,
    info: (message: string, fields?: object) => begun.push([message, fields]),
    error: (message: string, fields?: object) => logged.push([message, fields]),
  };
  const exits: number[] = [];
  const readers = (size: number) => ({ sinks: { readers: { size } } });
  const groups = [
    { outputs, ...readers(2) },
    { outputs: [], ...readers(1) },
  ];
  await stopping(groups, 1, log, (code) => exits.push(code))('SIGTERM', true);
  assert.deepEqual(begun, [['stopping', { reason: 'SIGTERM', clients: 3 }]]);
  assert.deepEqual(ended, ['SIGTERM']);
  assert.deepEqual(exits, [0]);
  assert.deepEqual(
    logged,
    ['not idle', 'at once', 'later'].map((error) => ['an output did not end', { error }]),
  );
});

/** Two groups with an output each, whose steps are noted; a reader of the first goes when `leave` is called. */
function twoGroups() {
  const steps: string[] = [];
  const gone = Promise.withResolvers<void>();
  const named = (name: string, idle: () => Promise<void>): Output => ({
    async idle() {
      steps.push(`${name} waits`);
      await idle();
    },
    async close() {
      await delay(1);
      steps.push(`${name} is closed`);
    },
  });
  const group = (output: Output) => ({ outputs: [output], sinks: { readers: { size: 1 } } });
  const groups = [group(named('first', () => gone.promise)), group(named('second', () => Promise.resolve()))];
  const stop = (seconds: number) => stopping(groups, seconds, silent, () => steps.push('exit'));
  return { steps, leave: gone.resolve, stop };
}

const END = ['first is closed', 'second is closed', 'exit'];

test('every group is served until its readers have gone, and the process ends once all outputs are closed', async () => {
  const { steps, leave, stop } = twoGroups();
  const stopped = stop(30)('SIGTERM', true);
  await delay(60);
  assert.deepEqual(steps, ['first waits', 'second waits']);
  leave();
  await stopped;
  assert.deepEqual(steps, ['first waits', 'second waits', ...END]);
});

test('a reader that stays is served until the grace period nears its end, and one that need not be is not waited for', async () => {
  const staying = twoGroups();
  await staying.stop(0.05)('SIGTERM', true);
  assert.deepEqual(staying.steps, ['first waits', 'second waits', ...END]);
  const atOnce = twoGroups();
  await atOnce.stop(30)('the others ended', false);
  assert.deepEqual(atOnce.steps, END);
});
