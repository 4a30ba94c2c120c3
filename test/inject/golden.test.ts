/**
 * The patch and the report of each case in test/golden. `npm run golden` writes both anew into the file of the
 * case: read the difference before you commit it.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseDocument, Scalar } from 'yaml';
import { keys } from '../../src/inject/annotations.ts';
import { codes } from '../../src/inject/codes.ts';
import type { Decision } from '../../src/inject/decision.ts';
import type { Context, Report } from '../../src/inject/inject.ts';
import type { Pod } from '../../src/inject/pod.ts';
import { warningTexts } from '../../src/webhook/told.ts';
import { applied, secondPass } from './api-server.ts';
import { difference, restored } from './difference.ts';
import { folded, foldedPatch, unfolded, unfoldedPatch } from './folded.ts';
import { base, type Case, cases, contextOf, type Input } from './golden-cases.ts';
import { injected } from './pods.ts';

function podOf({ pod, seen }: Input, context: Context): Pod {
  return seen === undefined ? pod : applied(secondPass(applied(pod, injected(pod, context).patch)), seen);
}

/** The report without what the patch shows (the patch itself, the plan, the status) and without defaults. */
function reportOf(report: Report) {
  const { decision, plan } = report;
  const warnings = warningTexts(report);
  if (decision.kind !== 'inject' || plan === undefined) {
    const { kind, reasons } = decision as Exclude<Decision, { kind: 'inject' }>;
    return { decision: reasons.length === 1 ? { kind, ...reasons[0] } : { kind, reasons }, warnings };
  }
  const { kind, options, origins } = decision;
  const said = origins.filter(({ from }) => from !== 'default');
  return {
    decision: {
      kind,
      options,
      origins: said.map(({ key, value, from }) => `${key}: ${value} (${from})`),
    },
    account: { choice: plan.account, name: plan.accountName },
    warnings,
  };
}

interface Outcome {
  patch: string[];
  report: string[];
}

/** The patch and the report as lines. Both can be read back from them, so the comparison misses nothing. */
function outcomeOf(report: Report): Outcome {
  const patch = onTheWire(report.patch);
  const why = onTheWire(reportOf(report));
  const outcome = { patch: foldedPatch(patch), report: folded(why) };
  assert.deepEqual(unfoldedPatch(outcome.patch), patch);
  assert.deepEqual(unfolded(outcome.report), why);
  return outcome;
}

function onTheWire<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

/** The difference from the base, or all lines where they are fewer: a pod that is left alone has few. */
function shown(lines: string[], inBase: string[], isBase: boolean): string[] | string {
  const differing = difference(inBase, lines);
  assert.deepEqual(restored(inBase, differing), lines);
  if (lines.length === 0) return 'none';
  if (isBase || lines.length < differing.length) return lines;
  return differing.length === 0 ? 'as in the base' : differing;
}

/** The file of the case with the outcome of today. `about` and `given`, written by hand, stay as they are. */
function renewed({ name, file }: Case, outcome: Outcome): string {
  const document = parseDocument(readFileSync(file, 'utf8'));
  for (const part of ['patch', 'report'] as const) {
    const lines = shown(outcome[part], baseOutcome[part], name === base.name);
    document.set(part, typeof lines === 'string' ? lines : blockOf(lines));
  }
  return document.toString({ lineWidth: 0 });
}

function blockOf(lines: string[]): Scalar<string> {
  const block = new Scalar(lines.map((line) => `${line}\n`).join(''));
  block.type = 'BLOCK_LITERAL';
  return block;
}

const baseOutcome = outcomeOf(injected(base.input.pod, contextOf(base.input)));

for (const one of cases) {
  test(`${one.name}: ${one.about}`, (t) => {
    const context = contextOf(one.input);
    const pod = podOf(one.input, context);
    const report = injected(pod, context);
    t.assert.fileSnapshot(renewed(one, outcomeOf(report)), one.file, { serializers: [String] });
    const again = secondPass(applied(pod, report.patch));
    assert.deepEqual(injected(again, context).patch, []);
  });
}

test('no case is about what another is about', () => {
  const abouts = cases.map(({ about }) => about);
  assert.equal(new Set(abouts).size, abouts.length);
});

test('every code and every decision has a case', () => {
  const seen = cases.map(({ input }) => {
    const { decision } = injected(input.pod, contextOf(input));
    return decision.kind === 'inject' ? 'inject' : decision.reasons[0].code;
  });
  // One that is too large would be too large to read here as well.
  const wanted = Object.keys(codes).filter((code) => code !== 'too-large');
  assert.deepEqual([...new Set(seen)].toSorted(), [...wanted, 'inject'].toSorted());
});

test('every key that a pod may have is met in a case', () => {
  const written = cases.flatMap(({ input }) => Object.keys(input.pod.metadata?.annotations ?? {}));
  for (const { key, kind } of Object.values(keys)) {
    if (kind === 'label') continue;
    assert.ok(
      written.some((one) => (key.endsWith('.') ? one.startsWith(key) : one === key)),
      key,
    );
  }
});
