import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MUTATIONS } from './mutations.ts';
import { RULES } from './rules.ts';
import { simulate } from './simulation.ts';

/** The rarest needs a group of hundreds, a slow reader and the right moment. */
const SEEDS = 300;

describe('the validator notices', () => {
  for (const { name, noticedBy, kind, breakage } of MUTATIONS) {
    test(`${name}: ${noticedBy}`, async () => {
      const others = new Set<string>();
      for (let seed = 1; seed <= SEEDS; seed += 1) {
        const { violations } = await simulate(seed, { breakage, ...(kind && { kind }) });
        if (violations.some(({ rule }) => rule === noticedBy)) return;
        for (const { rule } of violations) others.add(rule);
      }
      assert.fail(`not in ${SEEDS} seeds; noticed was ${[...others].join(', ') || 'nothing'}`);
    });
  }
});

test('every rule is needed: each has a mutation that it notices', () => {
  const needed = new Set<string>(MUTATIONS.map(({ noticedBy }) => noticedBy));
  assert.deepEqual(
    Object.keys(RULES).filter((rule) => !needed.has(rule)),
    [],
  );
});
