import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { codes, isSurprising } from '../../src/inject/codes.ts';
import { missing, runTool } from '../support/go-tools.ts';
import { anchorsOf, deadLink } from './headings.ts';
import { KNOWN } from './known-metrics.ts';
import { matchersIn, metricNamesIn } from './promql.ts';
import { ruleGroups, rules } from './rules.ts';

const CASES = fileURLToPath(new URL('rules-test.yaml', import.meta.url));

describe('every alert', () => {
  for (const { alert, expr, labels, annotations } of rules()) {
    test(`${alert} says what is wrong, how bad it is, and where to read on`, () => {
      assert.match(alert, /^Rollcall[A-Z][A-Za-z]+$/);
      assert.match(labels.severity, /^(critical|warning|info)$/);
      assert.deepEqual(Object.keys(annotations), ['summary', 'description', 'runbook_url']);
      assert.match(annotations.summary!, /^[A-Z].{20,}\.$/);
      assert.match(annotations.description!, /^[A-Z{].{20,}\.$/);
      assert.equal(annotations.runbook_url, `docs/runbook.md#${alert.toLowerCase()}`);
      assert.equal(deadLink(annotations.runbook_url!), undefined);
    });

    test(`${alert} goes by metrics and labels that there are`, () => {
      const names = metricNamesIn(expr);
      assert.notEqual(names.length, 0);
      assert.deepEqual(
        names.filter((name) => !KNOWN.has(name)),
        [],
      );
      for (const [metric, matched] of matchersIn(expr)) {
        const unknown = matched.filter((label) => !KNOWN.get(metric)!.includes(label));
        assert.deepEqual(unknown, [], metric);
      }
    });
  }
});

test('no alert is there twice, and the runbook has no section for one that there is not', () => {
  const names = rules().map(({ alert }) => alert.toLowerCase());
  assert.deepEqual([...new Set(names)], names);
  const sections = anchorsOf('docs/runbook.md').filter((anchor) => /^rollcall[a-z]+$/.test(anchor));
  assert.deepEqual(sections.toSorted(), names.toSorted());
});

test('each alert has a case in which it fires', () => {
  interface Case {
    alert_rule_test: { alertname: string; exp_alerts: unknown[] }[];
  }
  const { tests } = parse(readFileSync(CASES, 'utf8')) as { tests: Case[] };
  const fires = tests
    .flatMap((one) => one.alert_rule_test)
    .filter(({ exp_alerts }) => exp_alerts.length > 0)
    .map(({ alertname }) => alertname);
  assert.deepEqual(
    rules().filter(({ alert }) => !fires.includes(alert)),
    [],
  );
});

test('pods that are skipped as they were meant to be alert nobody', () => {
  const { expr } = rules().find(({ alert }) => alert === 'RollcallPodsSkipped')!;
  const [, left] = /code!~"([^"]+)"/.exec(expr)!;
  const expected = Object.keys(codes).filter((code) => !isSurprising(code as keyof typeof codes));
  // Nothing is to be done about these; the last is none of the codes of pods.
  const unavoidable = ['excluded-namespace', 'mirror-pod', 'windows', 'not-a-pod-creation'];
  assert.deepEqual(left!.split('|'), [...expected, ...unavoidable]);
});

test('promtool takes the rules with their templates', { skip: missing('promtool') }, (t) => {
  const { code, output } = runTool('promtool', ['check', 'rules', '--lint=all', '--lint-fatal', written(t)]);
  assert.equal(code, 0, output);
});

test('promtool finds each alert firing when it must, and only then', { skip: missing('promtool') }, (t) => {
  const file = written(t, ({ annotations: _, ...rule }) => rule);
  const cases = join(file, '..', 'rules-test.yaml');
  copyFileSync(CASES, cases);
  const { code, output } = runTool('promtool', ['test', 'rules', cases]);
  assert.equal(code, 0, output);
});

/** The rules in a file of their own, as Prometheus reads them. */
function written(
  t: TestContext,
  change: (rule: ReturnType<typeof rules>[number]) => object = (one) => one,
): string {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-rules-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const { groups } = ruleGroups();
  const changed = groups.map((group) => ({ ...group, rules: group.rules.map(change) }));
  const file = join(directory, 'rules.yaml');
  writeFileSync(file, stringify({ groups: changed }));
  return file;
}
