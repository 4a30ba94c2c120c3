import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { soon } from '../../support/eventually.ts';
import { settle } from '../../support/fake-clock.ts';
import { db, hasEnded, hook, lines, UNTIL_GO } from './scripted-hooks.ts';

test('one at a time; what changes meanwhile is told by one run, and no other output waits', async (t) => {
  const { recorder, sync, set, ran, noted, hooks, touch } = await hook(t, {
    onStart: UNTIL_GO,
    onChange: '',
  });
  sync(db(0));
  await soon('the start', noted);
  for (let last = 1; last <= 10; last += 1) await set(db(0), db(last));
  assert.equal(recorder.deltas.length, 10);
  assert.deepEqual([hooks.runs, hooks.running], [1, true]);
  await touch('go');
  await ran(2);
  assert.equal(noted(), `on-start:\n${lines(0)}on-change:\n${lines(0, 10)}`);
});

test('what changed and changed back while a hook ran is not told', async (t) => {
  const { sync, set, ran, noted, hooks, touch } = await hook(t, {
    onChange: UNTIL_GO,
  });
  sync(db(0));
  await soon('the start', noted);
  await set(db(0), db(1));
  await set(db(0));
  await touch('go');
  await ran(1);
  await settle();
  assert.equal(hooks.runs, 1);
});

test('close ends the hook that runs, and none begins after it', async (t) => {
  const { clock, sync, set, noted, hooks, closed, file } = await hook(t, {
    onChange: 'echo $$ >pid; exec sleep 60',
  });
  sync(db(0));
  await soon('the start', () => existsSync(file('pid')) && noted());
  const pid = await soon('its pid', () => Number(readFileSync(file('pid'), 'utf8')));
  await closed(hooks.close());
  assert.ok(hasEnded(pid));
  await set(db(0), db(1));
  await clock.advance(60_000);
  assert.equal(hooks.runs, 1);
});

test('close during the pause after a failure ends the pause', async (t) => {
  const { clock, sync, ran, hooks, closed } = await hook(t, { onChange: 'exit 1' });
  sync(db(0));
  await ran(1);
  const clear = t.mock.method(clock, 'clearTimeout');
  await closed(hooks.close());
  assert.equal(clear.mock.callCount(), 1, 'no timer keeps the process');
  await clock.advance(60_000);
  assert.equal(hooks.runs, 1);
});
