import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barChart } from '../../../bench/page/bars.ts';
import { clusterChart, latencyChart, memoryChart, workChart } from '../../../bench/page/charts.ts';
import { markdownTable } from '../../../bench/page/markdown.ts';
import { page } from '../../../bench/page/page.ts';
import { spread } from '../../../bench/statistics.ts';
import { FULL } from '../../../bench/webhook/cases.ts';
import { clusterResult, facts, sidecarResult, webhookResult } from '../results.ts';

const webhook = webhookResult(FULL);

test('the page states the machine, every goal with its figure, and all parts', () => {
  const run = { facts, form: 'full', webhook, cluster: clusterResult(), sidecar: sidecarResult() } as const;
  const text = page(run, webhook);
  assert.match(text, /\| CPU \| a CPU \|/);
  assert.match(
    text,
    /\| 6 KB injecting, 8 at a time, to Go stdlib \| at least 1 \| 0\.50 \(0\.50 to 0\.50\) \| no \|/,
  );
  assert.match(text, /## Through a real API server/);
  assert.match(text, /\| 1,000 members \| 17\.0 \(16\.0 to 18\.0\) \| 2\.13 \|/);
  assert.doesNotMatch(text, /undefined|NaN/);
});

test('a part that was not measured is left out, and a webhook that is missing is named with the reason', () => {
  const without = { ...webhook, missing: { pepr: 'no network' } };
  const text = page({ facts, form: 'full', webhook: without }, without);
  assert.doesNotMatch(text, /Through a real API server/);
  assert.match(text, /Pepr is missing in this run: no network/);
});

test('every chart is one SVG that adapts to a dark page and holds no number that is none', () => {
  const charts = [
    workChart(webhook),
    latencyChart(webhook),
    memoryChart(webhook),
    clusterChart(clusterResult()),
  ];
  for (const svg of charts) {
    assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" .*<\/svg>\n$/s);
    assert.match(svg, /prefers-color-scheme:dark/);
    assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
  }
});

test('the longest bar leaves room for its number, and texts are escaped', () => {
  const bars = [{ name: 'a & b', spread: spread([2, 8]), ours: true }];
  const svg = barChart({ title: '<title>', groups: [{ name: 'g', bars }], digits: 1 });
  assert.match(svg, /a &amp; b/);
  assert.match(svg, /&lt;title>/);
  const ends = [...svg.matchAll(/x2="([\d.]+)"/g)].map(([, x]) => Number(x));
  assert.equal(Math.max(...ends), 580);
});

test('a cell can not break its table', () => {
  assert.equal(
    markdownTable([
      ['a', 'b'],
      ['x|y', '1'],
    ]),
    '| a | b |\n| --- | ---: |\n| x\\|y | 1 |',
  );
});
