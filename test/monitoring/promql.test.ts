import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchersIn, metricNamesIn } from './promql.ts';

const cases: readonly [expression: string, names: string[]][] = [
  ['up == 0', ['up']],
  ['sum by (namespace) (rate(a_total{x="b_total"}[5m])) > 10e6', ['a_total']],
  ['a unless b offset 10m and on (instance) up offset 10m == 1', ['a', 'b', 'up']],
  ['histogram_quantile(0.99, sum by (le) (rate(a_bucket[5m])))', ['a_bucket']],
  ['(a - time()) / (a - b) < 0.25', ['a', 'b']],
  ['count by(version)(info) or vector(0)', ['info']],
  ['sum without (pod) (a) * on (pod) group_left (version) b', ['a', 'b']],
  ['topk(5, rate(a_total[$__rate_interval]))', ['a_total']],
];

for (const [expression, names] of cases) {
  test(`the metrics of ${expression}`, () => {
    assert.deepEqual(metricNamesIn(expression), names);
  });
}

test('the labels that are matched on', () => {
  assert.deepEqual(matchersIn('a{b="c", d!~"e=f"} + g{}'), [
    ['a', ['b', 'd']],
    ['g', []],
  ]);
});
