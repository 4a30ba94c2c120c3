import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseExpected } from '../../../src/watcher/texts/expected.ts';

test('a number, or a workload of a kind that can be scaled', () => {
  assert.equal(parseExpected('5'), 5);
  assert.equal(parseExpected(' 0 '), 0);
  assert.equal(parseExpected('100000'), 100_000);
  assert.deepEqual(parseExpected('statefulset db'), { kind: 'statefulset', name: 'db' });
  assert.deepEqual(parseExpected('Deployment  web.1'), { kind: 'deployment', name: 'web.1' });
});

test('anything else says what to give instead', () => {
  for (const text of ['', 'db', 'job x', 'statefulset a b', 'statefulset ../x', '100001', '-1', '1e3'])
    assert.throws(
      () => parseExpected(text),
      /give a number from 0 to 100000, or a workload .*"statefulset db"/,
    );
});
