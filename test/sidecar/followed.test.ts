import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../src/config.ts';
import { jsonLog } from '../../src/log.ts';
import { follow } from '../../src/sidecar/followed.ts';
import { GarbageCollection } from '../../src/sidecar/garbage.ts';
import { groupsOf } from '../../src/sidecar/groups.ts';
import { sidecarSettings } from '../../src/sidecar-settings.ts';
import { FakeClock } from '../support/fake-clock.ts';

test('a number that is expected is about one group alone, and is asked of nobody; a workload is asked', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-'));
  t.after(() => rm(directory, { recursive: true }));
  const named = ['--group', 'backends=service tcp', '--server', 'http://127.0.0.1:1'];
  const argv = [
    '--namespace',
    'shop',
    '--service',
    'db',
    '--directory',
    directory,
    '--expected',
    '3',
    ...named,
    '--group',
    'far=service x in team-b',
    '--expected-of-group',
    'far=deployment x',
  ];
  const config = parseConfig(sidecarSettings, argv, {});
  const clock = new FakeClock();
  const context = { clock, log: jsonLog(() => {}), userAgent: 'test', environment: {} };
  const shared = {
    config,
    perspective: { self: undefined, clusterDomain: 'cluster.local' },
    context,
    garbage: new GarbageCollection(clock, () => {}),
    watches: [],
  };
  const [first, backends, far] = groupsOf(config).map((group) => follow(group, shared));
  assert.deepEqual([first?.watch.expected, first?.expected], [3, undefined]);
  assert.deepEqual([backends?.watch.expected, backends?.expected], [null, undefined]);
  assert.deepEqual([far?.watch.expected, far?.expected !== undefined], [null, true]);
  assert.equal(backends?.path, join(directory, 'backends', 'members.sock'));
});
