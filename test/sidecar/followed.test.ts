import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseConfig } from '../../src/config.ts';
import { jsonLog } from '../../src/log.ts';
import { follow } from '../../src/sidecar/followed.ts';
import { GarbageCollection } from '../../src/sidecar/garbage.ts';
import { groupsOf } from '../../src/sidecar/groups.ts';
import { sidecarSettings } from '../../src/sidecar-settings.ts';
import type { Watch } from '../../src/watcher/watch.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** The groups of a sidecar in namespace `shop`, whose API server nobody can reach. */
async function followed(t: TestContext, flags: readonly string[], watches: Watch[] = []) {
  const directory = await temporaryFolder(t);
  const server = ['--server', 'http://127.0.0.1:1'];
  const config = parseConfig(
    sidecarSettings,
    ['--namespace', 'shop', '--directory', directory, ...server, ...flags],
    {},
  );
  const clock = new FakeClock();
  const logged: string[] = [];
  const log = jsonLog((line) => logged.push(line));
  const shared = {
    config,
    perspective: { self: undefined, clusterDomain: 'cluster.local' },
    context: { clock, log, userAgent: 'test', environment: {} },
    garbage: new GarbageCollection(clock, () => {}),
    watches,
  };
  return { directory, clock, logged, groups: groupsOf(config).map((group) => follow(group, shared)) };
}

const FAR = ['--group', 'far=service x in team-b', '--expected-of-group', 'far=deployment x'];

test('a number that is expected is about one group alone, and is asked of nobody; a workload is asked', async (t) => {
  const named = ['--group', 'backends=service tcp'];
  const { directory, groups } = await followed(t, ['--service', 'db', '--expected', '3', ...named, ...FAR]);
  const [first, backends, far] = groups;
  assert.deepEqual([first?.watch.expected, first?.expected], [3, undefined]);
  assert.deepEqual([backends?.watch.expected, backends?.expected], [null, undefined]);
  assert.deepEqual([far?.watch.expected, far?.expected !== undefined], [null, true]);
  assert.equal(backends?.path, join(directory, 'backends', 'members.sock'));
});

test('the pods that ask for a number are as many as the largest group of the sidecar', async (t) => {
  const large = { members: { size: 10_000 } } as Watch;
  const { clock, groups } = await followed(t, ['--service', 'db', ...FAR], [large]);
  const pauses: number[] = [];
  const { setTimeout } = clock;
  t.mock.method(clock, 'setTimeout', (run: () => void, milliseconds: number) => {
    pauses.push(milliseconds);
    return setTimeout.call(clock, run, milliseconds);
  });
  const { expected } = groups[1]!;
  expected!.start();
  t.after(() => expected!.close());
  await eventually('a failure', () => expected!.failures === 1);
  await settle();
  // 5 questions a second of 10,000 pods are one in 2000 s of each, give or take a fifth.
  assert.ok(pauses.at(-1)! >= 1_600_000, `${pauses}`);
});

test('a socket that is made anew before the group is known has no file written, which would name nobody', async (t) => {
  const { directory, logged, groups } = await followed(t, ['--service', 'db', '--file', 'peers={name}']);
  const [first] = groups;
  const restored: string[] = [];
  for (const output of first!.sinks.all)
    Object.assign(output, { restore: () => restored.push(output.constructor.name) });
  await first!.socket.serve();
  t.after(() => first!.socket.close());
  rmSync(directory, { recursive: true });
  first!.socket.heartbeat();
  await eventually('the socket', () => logged.some((line) => line.includes('is made anew')));
  await settle();
  assert.deepEqual(restored, []);
});
