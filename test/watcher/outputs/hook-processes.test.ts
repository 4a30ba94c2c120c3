import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { soon } from '../../support/eventually.ts';
import { db, hasEnded, hook, UNTIL_GO, zombies } from './scripted-hooks.ts';

test('a hook over its time is ended with all that it started, by force when it will not go, and run again', async (t) => {
  const { clock, sync, ran, noted, hooks, log, file } = await hook(
    t,
    { onChange: `trap "" TERM; sleep 60 & echo $! >child; echo $$ >pid; ${UNTIL_GO}` },
    { timeoutMs: 10_000 },
  );
  sync(db(0));
  await soon('its children', () => existsSync(file('pid')) && noted());
  const pids = ['pid', 'child'].map((name) => Number(readFileSync(file(name), 'utf8')));
  await clock.advance(9999);
  assert.equal(hooks.running, true);
  await clock.advance(1);
  await clock.advance(4999);
  assert.deepEqual(pids.map(hasEnded), [false, false], 'both ignore SIGTERM');
  await clock.advance(1);
  await ran(1);
  await soon('their end', () => pids.every(hasEnded));
  assert.deepEqual(await zombies(), []);
  assert.deepEqual([hooks.failures, hooks.timeouts, hooks.lastStatus], [1, 1, 137]);
  assert.deepEqual(log.said(/hook failed/)[0]?.timedOut, true);
  await clock.advance(400);
  await soon('another run', () => hooks.runs === 2);
});

test('a child that ignores SIGTERM does not outlive a hook that obeys it', async (t) => {
  const { clock, sync, ran, hooks, file } = await hook(
    t,
    { onChange: '(trap "" TERM; touch there; exec sleep 60) & echo $! >child; wait' },
    { timeoutMs: 10_000 },
  );
  sync(db(0));
  await soon('the child', () => existsSync(file('there')));
  const child = await soon('its pid', () => Number(readFileSync(file('child'), 'utf8')));
  await clock.advance(10_000);
  await ran(1);
  await soon('its end', () => hasEnded(child));
  assert.deepEqual([hooks.timeouts, hooks.lastStatus], [1, 143]);
});

test('what a hook leaves running on purpose stays, and holds nothing up', async (t) => {
  const { clock, sync, set, ran, hooks, log, file } = await hook(t, {
    onChange: '[ -e child ] || { (sleep 0.2; echo "still here"; exec sleep 60) & echo $! >child; }',
  });
  sync(db(0));
  await soon('the child', () => existsSync(file('child')));
  const child = await soon('its pid', () => Number(readFileSync(file('child'), 'utf8')));
  t.after(() => void process.kill(child, 'SIGKILL'));
  await soon('the end, though the child holds the pipes', async () => {
    await clock.advance(1000);
    return !hooks.running;
  });
  assert.equal(hooks.lastStatus, 0);
  await set(db(0), db(1));
  await ran(2);
  await soon('its word', () => log.said(/hook output/).some(({ line }) => line === 'still here'));
  assert.equal(hasEnded(child), false);
});

test('what a command left running is told to stop with the sidecar, and ended when it does not', async (t) => {
  const body = `(trap 'touch told' TERM; echo $$ >/dev/null; sh -c 'echo $PPID' >pid; touch up
    tries=0; while [ $((tries += 1)) -lt 600 ]; do sleep 0.05; done) >/dev/null 2>&1 &`;
  const { sync, ran, file, hooks, clock, closed } = await hook(t, { onStart: body });
  sync(db(0));
  await ran(1);
  await soon('the daemon', () => existsSync(file('up')));
  const pid = Number(readFileSync(file('pid'), 'utf8'));
  const closing = hooks.close();
  await soon('word of the end', () => existsSync(file('told')));
  await clock.advance(4900);
  assert.equal(hasEnded(pid), false, 'it has the time that a command has');
  await closed(closing);
  await soon('its end', () => hasEnded(pid));
});

test('a hook that will not go is waited for, and ended by force', async (t) => {
  const { sync, file, hooks, closed } = await hook(t, {
    onStart: `trap "" TERM; echo $$ >pid.new; mv pid.new pid; ${UNTIL_GO}`,
  });
  sync(db(0));
  await soon('its pid', () => existsSync(file('pid')));
  const pid = Number(readFileSync(file('pid'), 'utf8'));
  await closed(hooks.close());
  assert.equal(hasEnded(pid), true);
  assert.deepEqual([hooks.lastStatus, hooks.running], [137, false]);
});

test('a signal is handed on, and the status of the command that it ended is told', async (t) => {
  const { sync, file, hooks } = await hook(t, { onStart: `trap 'exit 7' HUP; touch up; ${UNTIL_GO}` });
  sync(db(0));
  await soon('its start', () => existsSync(file('up')));
  assert.equal(await hooks.stop('SIGHUP'), 7);
  assert.equal(await hooks.stop('SIGHUP'), undefined, 'nothing runs');
});

test('a signal is handed on to what a command has left running too', async (t) => {
  const { sync, ran, file, hooks, clock } = await hook(t, {
    onStart: `(trap 'touch told; exit' HUP; touch up; ${UNTIL_GO}) >/dev/null 2>&1 &`,
  });
  sync(db(0));
  await ran(1);
  await soon('the daemon', () => existsSync(file('up')));
  let stopped = false;
  const stop = hooks.stop('SIGHUP').then(() => {
    stopped = true;
  });
  await soon('its end', async () => {
    await clock.advance(100);
    return stopped;
  });
  await stop;
  assert.equal(existsSync(file('told')), true);
});
