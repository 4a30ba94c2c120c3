import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joined, type Run } from '../../bench/run-file.ts';
import { clusterResult, facts, sidecarResult } from './results.ts';

const earlier: Run = { facts, form: 'full', sidecar: sidecarResult() };
const later: Run = { facts: { ...facts, date: 'later' }, form: 'full', cluster: clusterResult() };

test('a part that is measured later stands beside those of the same commit', () => {
  assert.deepEqual(joined(earlier, later), { ...later, sidecar: earlier.sidecar });
});

test('what another commit, another machine or another form had is forgotten', () => {
  for (const other of [
    { ...later, facts: { ...facts, commit: 'other' } },
    { ...later, facts: { ...facts, cpu: 'other' } },
    { ...later, form: 'short' as const },
  ]) {
    assert.deepEqual(joined(earlier, other), other);
  }
});
