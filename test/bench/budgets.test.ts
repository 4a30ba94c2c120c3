import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Budget, readBudgets, verdicts } from '../../bench/budgets.ts';
import { clusterFigures } from '../../bench/cluster/figures.ts';
import type { Figure } from '../../bench/figure.ts';
import { spread } from '../../bench/statistics.ts';
import { FULL } from '../../bench/webhook/cases.ts';
import { webhookFigures } from '../../bench/webhook/figures.ts';
import { clusterResult, webhookResult } from './results.ts';

const more: Budget = { figure: 'work', goal: 1, budget: 0.8, better: 'more', tolerance: 0.25 };
const less: Budget = { figure: 'memory', goal: 90, budget: 100, better: 'less', tolerance: 0.1 };

function measured(name: string, ...values: number[]): Figure {
  return { name, spread: spread(values), unit: 'ratio' };
}

function passes(budget: Budget, ...values: number[]): boolean {
  return verdicts([budget], [measured(budget.figure, ...values)])[0]!.passes;
}

test('a ratio past its tolerance fails, in either direction', () => {
  assert.equal(passes(more, 0.61), true);
  assert.equal(passes(more, 0.59), false);
  assert.equal(passes(less, 109), true);
  assert.equal(passes(less, 111), false);
});

test('the median counts: one turn that was disturbed fails nothing, two of three do', () => {
  assert.equal(passes(more, 0.1, 0.9, 0.9), true);
  assert.equal(passes(more, 0.1, 0.1, 0.9), false);
});

test('a goal is reached without any tolerance', () => {
  const [almost] = verdicts([more], [measured('work', 0.99)]);
  const [there] = verdicts([more], [measured('work', 1)]);
  assert.deepEqual([almost!.passes, almost!.reached], [true, false]);
  assert.equal(there!.reached, true);
});

test('what a run has not measured neither passes for reached nor fails', () => {
  const [verdict] = verdicts([more], []);
  assert.deepEqual([verdict!.value, verdict!.passes, verdict!.reached], [undefined, true, false]);
});

test('no number at all fails: a server that spent no CPU time has answered nothing', () => {
  assert.equal(passes(more, Number.NaN), false);
  assert.equal(passes(less, Number.NaN), false);
});

test('every budget is about a figure that a full run has, and no goal is laxer than its budget', () => {
  const figures = [...webhookFigures(webhookResult(FULL)), ...clusterFigures(clusterResult())];
  const names = figures.map(({ name }) => name);
  const budgets = readBudgets();
  assert.ok(budgets.length >= 9);
  for (const { figure, goal, budget, better } of budgets) {
    assert.ok(names.includes(figure), figure);
    assert.ok(better === 'more' ? goal >= budget : goal <= budget, figure);
  }
});
