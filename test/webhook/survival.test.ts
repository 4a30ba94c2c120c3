import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { jsonLog } from '../../src/log.ts';
import { Metrics } from '../../src/metrics.ts';
import { background, surviveFaults } from '../../src/webhook/survival.ts';
import { metricSum } from '../support/metrics.ts';

function logOf() {
  const lines: Record<string, unknown>[] = [];
  return { lines, log: jsonLog((line) => void lines.push(JSON.parse(line))) };
}

test('a fault that nobody caught is counted and logged, whatever was thrown', () => {
  const { lines, log } = logOf();
  const metrics = new Metrics();
  const process = new EventEmitter();
  surviveFaults(log, metrics, process);
  process.emit('unhandledRejection', new TypeError('null has no uid'));
  for (const thrown of [undefined, null, 'text']) process.emit('uncaughtException', thrown);
  const counted = (kind: string) => metricSum(metrics.text(), 'rollcall_unhandled_faults_total', { kind });
  assert.deepEqual([counted('rejection'), counted('exception')], [1, 3]);
  assert.deepEqual([lines[0]!.level, lines[0]!.error], ['error', 'null has no uid']);
  assert.match(String(lines[0]!.stack), /survival\.test/);
});

test('work that nobody waits for says what went wrong', async () => {
  const { lines, log } = logOf();
  background(log)('tell the owner', Promise.reject(new Error('no owner')));
  await turn();
  const { level, message, what, error } = lines[0]!;
  assert.deepEqual(
    [level, message, what, error],
    ['error', 'background work failed', 'tell the owner', 'no owner'],
  );
});
