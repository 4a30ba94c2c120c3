import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barChart } from '../../../bench/page/bars.ts';
import { clusterChart, latencyChart, memoryChart, workChart } from '../../../bench/page/charts.ts';
import { loadCharts } from '../../../bench/page/load-section.ts';
import { markdownTable, withSection } from '../../../bench/page/markdown.ts';
import { page } from '../../../bench/page/page.ts';
import { scaleCharts, scalePage } from '../../../bench/page/scale-page.ts';
import { SIDECAR_HEADING, sidecarSection } from '../../../bench/page/sidecar-section.ts';
import { spread } from '../../../bench/statistics.ts';
import { FULL } from '../../../bench/webhook/cases.ts';
import {
  clusterResult,
  facts,
  loadedSidecarResult,
  scaleResult,
  sidecarResult,
  webhookResult,
} from '../results.ts';

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
    ...Object.values(loadCharts(loadedSidecarResult().load!)),
    ...Object.values(scaleCharts(scaleResult())),
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

test('the section of the sidecar has what changes cost, next to the others', () => {
  const text = sidecarSection(loadedSidecarResult(), { facts, form: 'full' });
  assert.ok(text.startsWith(`${SIDECAR_HEADING}\n`));
  assert.match(text, /\| members \| Rollcall \| client-node informer \| client-go informer \| Go relay \|/);
  assert.match(text, /\| 1,000 \| 2\.00 \| 1\.00 \| 1\.00 \| 1\.00 \|/);
  assert.match(text, /\| 1,000 \| 1\.25 \| 1\.25 /);
  assert.doesNotMatch(text, /undefined|NaN/);
});

test('a section takes the place of the one under its heading, and comes last where there is none', () => {
  const page = '# Page\n\n## One\n\nold\n\n## Two\n\nrest\n';
  assert.equal(withSection(page, '## One', '## One\n\nnew'), '# Page\n\n## One\n\nnew\n\n## Two\n\nrest\n');
  assert.equal(withSection(page, '## Three', '## Three\n\nnew'), `${page}\n## Three\n\nnew\n`);
});

test('the page of scale says what the formula makes of groups that were not measured', () => {
  const text = scalePage({ facts, form: 'short' }, scaleResult());
  assert.match(text, /\| one change \| N × 0\.100 ms \| N × 30,000 for a full slice \|/);
  assert.match(text, /\| open all, or list again \| N × S × 0\.500 ms \|/);
  assert.match(text, /\| 1,000 \| 1 \| 100 ms \| 30 MB \| 5 s \| 1 s \|/);
  assert.match(text, /\| 10,000 \| 0\.1 \| 1,000 ms \| 300 MB \| 500 s \| 10 s \|/);
  assert.doesNotMatch(text, /undefined|NaN/);
});
