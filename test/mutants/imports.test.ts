import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { reachedFrom, unitTests } from './imports.ts';

const FILES = {
  'package.json': JSON.stringify({
    scripts: {
      'test:unit': 'node --test "test/*.test.ts" "test/{a,b}/**/*.test.ts"',
      'test:simulation': 'node --test "test/simulation/*.test.ts"',
      'test:api': 'node --test "test/api/*.test.ts"',
    },
  }),
  'src/main.ts': "const { run } = await import('./run.ts');",
  'src/run.ts': "import { main } from './main.ts'; import { gone } from './gone.ts';",
  'src/other.ts': '',
  'test/a/start.ts': "export const MAIN = new URL('../../src/main.ts', import.meta.url);",
  'test/a/start.test.ts': "import { MAIN } from './start.ts'; import fs from 'node:fs';",
  'test/b/deep/other.test.ts': "spawn('node', ['src/other.ts']);",
  'test/top.test.ts': '',
  'test/simulation/all.test.ts': '',
  'test/api/real.test.ts': '',
};

test('a test reaches what it imports and the programs that it starts, and tests that need more than Node are none', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'rollcall-imports-'));
  try {
    for (const [name, text] of Object.entries(FILES)) {
      mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
      writeFileSync(path.join(root, name), text);
    }
    assert.deepEqual(unitTests(root), [
      'test/a/start.test.ts',
      'test/b/deep/other.test.ts',
      'test/simulation/all.test.ts',
      'test/top.test.ts',
    ]);
    assert.deepEqual([...reachedFrom('test/a/start.test.ts', root)].sort(), [
      'src/main.ts',
      'src/run.ts',
      'test/a/start.test.ts',
      'test/a/start.ts',
    ]);
    assert.deepEqual([...reachedFrom('test/b/deep/other.test.ts', root)].sort(), [
      'src/other.ts',
      'test/b/deep/other.test.ts',
    ]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
