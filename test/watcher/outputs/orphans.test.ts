import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { isGroupThere, MARK, orphans, signalAll } from '../../../src/watcher/outputs/orphans.ts';
import { eventually } from '../../support/eventually.ts';

const NONE = new Set<number>();
/** No process has this number: it is more than Linux gives out. */
const NOBODY = 2 ** 22 + 1;
const skip = existsSync('/proc/self/stat') ? false : 'needs Linux';

/** A process in a group of its own, under a mark or none. */
async function running(t: TestContext, mark?: string) {
  const { [MARK]: _, ...env } = process.env;
  const child = spawn('sleep', ['60'], {
    detached: true,
    stdio: 'ignore',
    env: mark === undefined ? env : { ...env, [MARK]: mark },
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  // Its environment is there once it has become another program.
  await eventually('its start', () => orphans(mark ?? 'none', new Set([child.pid!]), undefined).length > 0);
  return { child, pid: child.pid!, ended: once(child, 'exit') };
}

test('what runs under a mark is found by it, and what runs in a group by that', { skip }, async (t) => {
  const mark = `orphans-${process.pid}`;
  const [marked, other] = [await running(t, mark), await running(t)];
  await eventually('its mark', () => orphans(mark, NONE, undefined).length > 0);
  assert.deepEqual(orphans(mark, NONE, undefined), [marked.pid]);
  assert.deepEqual(orphans(`${mark}-`, NONE, undefined), []);
  assert.deepEqual(orphans(mark.slice(0, -1), NONE, undefined), []);
  assert.deepEqual(orphans('none', new Set([other.pid]), undefined), [other.pid]);
  const both = [marked.pid, other.pid].sort((a, b) => a - b);
  assert.deepEqual(
    orphans(mark, new Set([other.pid]), undefined).sort((a, b) => a - b),
    both,
  );
  assert.deepEqual(orphans(mark, new Set([other.pid]), other.pid), [marked.pid]);
  assert.deepEqual(orphans(mark, new Set([other.pid]), marked.pid), [other.pid]);
});

test('what has ended is nobody, and is signalled without a fault', { skip }, async (t) => {
  const mark = `ended-${process.pid}`;
  const { pid, ended, child } = await running(t, mark);
  assert.equal(isGroupThere(pid), true);
  signalAll([NOBODY, pid], 'SIGTERM');
  await ended;
  assert.equal(child.signalCode, 'SIGTERM');
  assert.deepEqual([orphans(mark, new Set([pid]), undefined), isGroupThere(pid)], [[], false]);
  assert.equal(isGroupThere(NOBODY), false);
});
