import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuSeconds, processorMs } from '../../bench/cpu.ts';

test('both clocks of a process count what it works, and neither what it waits', () => {
  const { pid } = process;
  const first = process.cpuUsage();
  const before = { seconds: cpuSeconds(pid), ms: processorMs(pid), own: process.cpuUsage() };
  const firstMs = (before.own.user + before.own.system - first.user - first.system) / 1000;
  while (process.cpuUsage(before.own).user < 200_000);
  const spent = () => {
    const { user, system } = process.cpuUsage(before.own);
    return (user + system) / 1000;
  };
  const least = spent();
  const [seconds, ms] = [cpuSeconds(pid) - before.seconds, processorMs(pid) - before.ms];
  // Reading them takes time as well, which is more on a slow machine.
  const most = spent();
  const within = (one: number) => one >= least - 50 && one <= most + 50 + firstMs;
  assert.ok(within(seconds * 1000), `${seconds * 1000} of ${least} to ${most} ms by hundredths`);
  assert.ok(within(ms), `${ms} of ${least} to ${most} ms by the nanosecond`);
});
