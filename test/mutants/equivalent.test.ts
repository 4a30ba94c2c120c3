import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { EQUIVALENT, equivalentOf } from './equivalent.ts';
import { mutantsOf } from './mutate.ts';
import { withTrees } from './syntax.ts';

test('every mutant that is called equivalent is one of the source as it is', () => {
  const root = path.resolve(import.meta.dirname, '../..');
  const met = new Set<object | undefined>();
  withTrees(root, globSync('src/**/*.ts', { cwd: root }), (tree, file) => {
    for (const mutant of mutantsOf(tree, file)) met.add(equivalentOf(mutant));
  });
  assert.deepEqual(
    EQUIVALENT.filter((row) => !met.has(row)),
    [],
  );
});
