import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { stringify } from 'yaml';
import { SIDECAR_METRICS, WEBHOOK_METRICS } from '../../src/metric-table.ts';
import { missing, runTool } from '../support/go-tools.ts';
import { KNOWN } from './known-metrics.ts';
import { matchersIn, metricNamesIn } from './promql.ts';

interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { refId: string; expr: string }[];
}

const dashboard = JSON.parse(
  readFileSync(new URL('../../deploy/monitoring/dashboard.json', import.meta.url), 'utf8'),
) as { panels: Panel[]; templating: { list: { name: string; query: unknown }[] } };
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const expressions = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));

describe('every panel', () => {
  for (const { title, description, targets = [] } of panels) {
    test(`"${title}" is explained, and asks for metrics and labels that there are`, () => {
      assert.match(description ?? '', /^[A-Z].*\.$/);
      assert.ok(targets.length > 0);
      for (const { expr } of targets) {
        const names = metricNamesIn(expr);
        assert.ok(names.length > 0 && names.every((name) => KNOWN.has(name)), names.join());
        for (const [metric, labels] of matchersIn(expr)) {
          for (const label of labels) assert.ok(KNOWN.get(metric)!.includes(label), `${metric}{${label}}`);
        }
      }
    });
  }
});

test('the choice of namespaces goes by a metric that there is', () => {
  const { query } = dashboard.templating.list.find(({ name }) => name === 'namespace')!;
  assert.deepEqual(query, { query: 'label_values(rollcall_members, namespace)', refId: 'namespace' });
  assert.ok(KNOWN.get('rollcall_members')!.includes('namespace'));
});

test('every metric of Rollcall is on a panel, so that none is kept for nobody', () => {
  const shown = new Set(
    expressions.flatMap(({ expr }) => metricNamesIn(expr)).map((name) => name.replace(/_bucket$/, '')),
  );
  // When it became valid says something only together with when it ends: the alerts use both.
  const left = new Set<string>([WEBHOOK_METRICS.certificateNotBefore.name]);
  const all = [...Object.values(SIDECAR_METRICS), ...Object.values(WEBHOOK_METRICS)].map(({ name }) => name);
  assert.deepEqual(
    all.filter((name) => !shown.has(name) && !left.has(name)),
    [],
  );
});

test('panels have ids of their own and do not lie upon each other', () => {
  const ids = dashboard.panels.map(({ id }) => id);
  assert.deepEqual([...new Set(ids)], ids);
  const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
  );
  assert.equal(new Set(cells).size, cells.length);
  assert.ok(cells.every((cell) => Number(cell.split(',')[0]) < 24));
});

test('promtool takes every expression', { skip: missing('promtool') }, (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-dashboard-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const rules = expressions.map(({ expr }, index) => ({
    record: `dashboard:expression:${index}`,
    expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$namespace', '.*'),
  }));
  const file = join(directory, 'rules.yaml');
  writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules }] }));
  const { code, output } = runTool('promtool', ['check', 'rules', file]);
  assert.equal(code, 0, output);
});
