/** examples/own-chart tests itself, against the sources of this repository. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { missing } from '../deploy/rendered.ts';

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));

test('the chart of examples/own-chart is tested by rollcall/testing', { skip: missing('helm') }, (t) => {
  const args = [
    '--import',
    file('from-sources.ts'),
    '--test',
    file('../../examples/own-chart/chart.test.js'),
  ];
  // The variable tells a test runner that it is inside another one.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', env, timeout: 60_000 });
  assert.equal(status, 0, stdout);
  const [, passed] = /pass (\d+)/.exec(stdout) ?? [];
  t.diagnostic(`${passed} tests of the example`);
  assert.ok(Number(passed) >= 5);
});
