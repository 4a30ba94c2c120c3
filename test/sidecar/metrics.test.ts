import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SIDECAR_METRICS as all } from '../../src/metric-table.ts';
import { metricsOf } from '../../src/sidecar/metrics.ts';
import { silent } from '../../src/watcher/log.ts';
import { digestOf } from '../../src/watcher/membership/digest.ts';
import { Malformed } from '../../src/watcher/membership/malformed.ts';
import type { View } from '../../src/watcher/outputs/output.ts';
import { member } from '../watcher/scripted-source.ts';

test('a group is measured by what its watch says, and what is not known is absent', () => {
  const members = new Map([['u0', member('u0')]]);
  const malformed = new Malformed(silent);
  malformed.note('port', 0, 'a');
  const measured = (view: Partial<View>) => {
    const watch = { members, revision: 7, ...view } as View;
    const text = metricsOf([{ watch, outputs: [], malformed, traffic: { bytes: 9 } }]).text();
    return ({ name }: { name: string }) => new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1];
  };
  const known = { synced: true, stale: true, expected: 3, upstreamAgeSeconds: () => 4 };
  const value = measured(known);
  const { members: count, expected, synced, stale, revision, upstreamAge, upstreamBytes } = all;
  assert.deepEqual(
    [count, expected, synced, stale, revision, upstreamAge, upstreamBytes, all.malformedValues].map(value),
    ['1', '3', '1', '1', '7', '4', '9', '1'],
  );
  assert.equal(value(all.membersDigest), `${digestOf(members.values())}`);
  const unknown = measured({ synced: false, stale: false, expected: null, upstreamAgeSeconds: () => null });
  assert.deepEqual([synced, stale].map(unknown), ['0', '0']);
  assert.deepEqual([expected, upstreamAge, all.membersDigest].map(unknown), [
    undefined,
    undefined,
    undefined,
  ]);
  assert.equal(measured({ ...known, upstreamAgeSeconds: () => 0 })(upstreamAge), '0');
});
