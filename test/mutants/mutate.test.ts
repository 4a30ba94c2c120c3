import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { isCovered } from './coverage.ts';
import { equivalentOf } from './equivalent.ts';
import { type Mutant, mutantsOf } from './mutate.ts';
import { sampleOf } from './sample.ts';
import { withTrees } from './syntax.ts';

const SOURCE = `import { log } from './log.ts';
type Level = 'low' | 'high';
// Not ASCII: \u00e4\u20ac
const LIMIT = 1000;
class Gauge {
  level(value: number): Level {
    if (value >= 10) log.warn('level', { is: 'high' });
    return value > 2 && !this.closed ? 'high' : 'low';
  }
}
`;

function mutantsIn(source: string): Mutant[] {
  const root = mkdtempSync(path.join(tmpdir(), 'rollcall-mutate-'));
  try {
    writeFileSync(
      path.join(root, 'tsconfig.json'),
      '{ "compilerOptions": { "types": [] }, "include": ["*.ts"] }',
    );
    writeFileSync(path.join(root, 'gauge.ts'), source);
    const found: Mutant[] = [];
    withTrees(root, ['gauge.ts'], (tree, file) => found.push(...mutantsOf(tree, file)));
    return found;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

test('each token that decides something is changed, where it stands; types, imports and sentences are not', () => {
  const changes = mutantsIn(SOURCE).map(({ start, end, text }) => `${SOURCE.slice(start, end)} => ${text}`);
  assert.deepEqual(changes.sort(), [
    '!this.closed => (this.closed)',
    '&& => ||',
    "'high' => ''",
    "'high' => ''",
    "'low' => ''",
    '10 => (10 + 1)',
    '1000 => 0',
    '2 => (2 + 1)',
    '> => <',
    '> => >=',
    '>= => <',
    '>= => >',
    "log.warn('level', { is: 'high' }); => ;",
    'value > 2 && !this.closed => !(value > 2 && !this.closed)',
    "value > 2 && !this.closed ? 'high' : 'low' => undefined",
    'value >= 10 => !(value >= 10)',
  ]);
});

test('an answer is left out, and one that is false becomes true', () => {
  const source = 'function is(value: number) {\n  if (value > 2) return false;\n  return value;\n}\n';
  const changes = mutantsIn(source).map(({ line, text }) => `${line} ${text}`);
  assert.deepEqual(
    changes.filter((change) => /true|undefined/.test(change)),
    ['2 true', '3 undefined'],
  );
});

test('a mutant is known by its function and its line, wherever these have moved', () => {
  const known = ({ within, before, after }: Mutant) => [within, before, after];
  const moved = mutantsIn(SOURCE.replace('class Gauge', '\n\n\nclass Gauge').replaceAll('    ', '      '));
  assert.deepEqual(moved.map(known), mutantsIn(SOURCE).map(known));
  assert.equal(moved.at(-1)?.within, 'Gauge.level');
  assert.equal(equivalentOf(moved[0]!), undefined);
});

test('the innermost range that V8 counted says whether a token was executed, in any process', () => {
  const range = (startOffset: number, endOffset: number, count: number) => ({
    startOffset,
    endOffset,
    count,
  });
  const covered = new Map([
    ['a.ts', [[range(0, 100, 1), range(20, 40, 0), range(30, 35, 2)], [range(0, 25, 1)]]],
  ]);
  const at = [10, 22, 26, 32, 38, 100].map((offset) => isCovered(covered, 'a.ts', offset));
  assert.deepEqual(at, [true, true, false, true, false, false]);
  assert.equal(isCovered(covered, 'b.ts', 10), false);
});

test('a seed chooses the same sample each time, and another one another', () => {
  const items = Array.from({ length: 50 }, (_, index) => index);
  assert.deepEqual(sampleOf(items, 10, 1), sampleOf(items, 10, 1));
  assert.notDeepEqual(sampleOf(items, 10, 1), sampleOf(items, 10, 2));
  assert.deepEqual(
    sampleOf(items, 99, 1).sort((a, b) => a - b),
    items,
  );
});
