import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuSeconds, processorMs } from '../../bench/cpu.ts';

test('both clocks of a process count what it works, and neither what it waits', () => {
  const { pid } = process;
  const before = { seconds: cpuSeconds(pid), ms: processorMs(pid), own: process.cpuUsage() };
  while (process.cpuUsage(before.own).user < 200_000);
  const own = process.cpuUsage(before.own);
  const spent = (own.user + own.system) / 1000;
  const [seconds, ms] = [cpuSeconds(pid) - before.seconds, processorMs(pid) - before.ms];
  assert.ok(Math.abs(seconds * 1000 - spent) <= 50, `${seconds * 1000} of ${spent} ms by hundredths`);
  assert.ok(Math.abs(ms - spent) <= 50, `${ms} of ${spent} ms by the nanosecond`);
});
