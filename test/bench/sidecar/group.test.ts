import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BenchGroup } from '../../../bench/sidecar/group.ts';
import { sliceMembers } from '../../../src/watcher/kubernetes/endpoint-slices.ts';
import { parseEvent } from '../../../src/watcher/kubernetes/parse-response.ts';

const perspective = { group: { namespace: 'bench', service: 'db' }, clusterDomain: 'cluster.local' };

/** The members of what a line of a watch brings. */
const read = (line: string) => {
  const { type, object } = parseEvent(line);
  return { type, name: object.metadata?.name, members: sliceMembers(object, perspective) };
};

const uids = (group: BenchGroup) =>
  group.slices().flatMap((slice) => sliceMembers(slice, perspective).map(({ uid }) => uid));

test('a group has its members once, in slices of 100', () => {
  const group = new BenchGroup(250);
  assert.deepEqual(
    group.slices().map((slice) => sliceMembers(slice, perspective).length),
    [100, 100, 50],
  );
  assert.equal(new Set(uids(group)).size, 250);
});

test('each kind of load changes what it says', () => {
  const group = new BenchGroup(250);
  const before = uids(group);
  const changed = () => uids(group).filter((uid) => !before.includes(uid)).length;
  const flip = read(group.step('flips', 1));
  assert.deepEqual([flip.name, flip.members.filter(({ ready }) => !ready).length], ['db-1', 1]);
  assert.equal(changed(), 0);
  assert.equal(read(group.step('replacements', 0)).members.length, 100);
  assert.equal(changed(), 1);
  group.step('rolling', 10);
  assert.equal(changed(), 11);
  const join = read(group.step('join', 0));
  assert.deepEqual([join.type, join.name, join.members.length], ['ADDED', 'db-3', 100]);
  assert.ok(join.members.every(({ uid }) => !before.includes(uid)));
  const leave = read(group.leave(0));
  assert.deepEqual([leave.type, leave.name], ['DELETED', 'db-3']);
});
