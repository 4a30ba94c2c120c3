import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SHORT } from '../../../bench/webhook/cases.ts';
import { webhookFigures } from '../../../bench/webhook/figures.ts';
import { webhookResult } from '../results.ts';

const figures = webhookFigures(webhookResult({ ...SHORT, turns: 3 }));

function median(name: string): number | undefined {
  return figures.find((figure) => figure.name === name)?.spread.median;
}

test('work is compared within each turn', () => {
  const found = figures.find(({ name }) => name === '6 KB injecting, 8 at a time, to Go stdlib')!;
  assert.deepEqual(found.spread, { min: 0.5, median: 0.5, max: 0.5, count: 3 });
});

test('of latencies the least disturbed turn of each is compared', () => {
  assert.equal(median('p99 of 6 KB injecting, 8 at a time, to Go stdlib'), 2);
  const result = webhookResult({ ...SHORT, turns: 2 });
  const disturbed = result.measured.map((one) =>
    one.subject === 'ours' && one.turn === 1 ? { ...one, p99Ms: 500 } : one,
  );
  const name = 'p99 of 6 KB injecting, 8 at a time, to Go stdlib';
  const found = webhookFigures({ ...result, measured: disturbed }).find((figure) => figure.name === name)!;
  assert.equal(found.spread.median, 2);
});

test('memory is in MB, idle and at the end; requests are for a review', () => {
  assert.equal(median('resident memory idle'), 80);
  assert.equal(median('resident memory after reviews'), 40);
  assert.equal(median('API requests for a review'), 0.5);
});

test('who was not measured is in no figure', () => {
  assert.ok(!figures.some(({ name }) => name.includes('Pepr')));
});
