import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { peerName } from '../../../src/watcher/outputs/hooks.ts';
import type { Member } from '../../../src/watcher/protocol.ts';
import { settle } from '../../support/fake-clock.ts';
import { member } from '../scripted-source.ts';
import { DOMAIN, db, hook, lines } from './scripted-hooks.ts';

test('on-start runs once with the first peers, on-change with the later ones: sorted, a newline after each', async (t) => {
  const { sync, set, ran, noted, hooks, log } = await hook(t, { onStart: '', onChange: '' });
  await settle();
  assert.equal(hooks.runs, 0, 'nothing before the first sync');
  sync(db(10), db(1), db(0));
  await ran(1);
  await hooks.started;
  await set(db(0), db(1));
  await ran(2);
  await set(db(0), db(1), db(2));
  await ran(3);
  assert.equal(
    noted(),
    `on-start:\n${lines(0, 1, 10)}on-change:\n${lines(0, 1)}on-change:\n${lines(0, 1, 2)}`,
  );
  assert.deepEqual([hooks.failures, hooks.failing, hooks.lastStatus], [0, undefined, 0]);
  const [done] = log.said(/^hook done$/);
  assert.deepEqual([done?.hook, done?.peers, done?.seconds], ['on-start', 3, 0]);
  assert.match(String(done?.command), /on-start\.sh$/);
  assert.deepEqual(
    hooks.metrics.map(({ type, name, read }) => [type, name, read()]),
    [
      ['counter', 'rollcall_hook_runs_total', 3],
      ['counter', 'rollcall_hook_failures_total', 0],
      ['counter', 'rollcall_hook_timeouts_total', 0],
    ],
  );
});

test('stdin ends after the last newline', async (t) => {
  const { sync, ran, file } = await hook(t, {}, { onStart: ['/bin/sh', '-c', 'cat >"$OUT"'], environment });
  function environment() {
    return { ...process.env, OUT: file('stdin') };
  }
  sync(db(1), db(0));
  await ran(1);
  assert.equal(readFileSync(file('stdin'), 'utf8'), lines(0, 1));
});

test('as with peer-finder, on-change stands in for on-start, and on-start alone runs once', async (t) => {
  const change = await hook(t, { onChange: '' });
  change.sync(db(0));
  await change.ran(1);
  assert.equal(change.noted(), `on-change:\n${lines(0)}`);
  const start = await hook(t, { onStart: '' });
  start.sync(db(0));
  await start.ran(1);
  await start.set(db(0), db(1));
  assert.equal(start.hooks.runs, 1);
});

test('nothing runs when the list is the same: readiness, a successor of the same name, an outage', async (t) => {
  const { source, clock, recorder, sync, set, ran, hooks } = await hook(t, { onChange: '' });
  sync(db(0), db(1));
  await ran(1);
  await set(db(0), db(1, { ready: false, serving: false }));
  await set(db(0), db(1, { terminating: true }), db(1, { uid: 'successor' }));
  await set(db(0), db(1, { uid: 'successor' }));
  source.push({ type: 'failure', reason: 'disconnected', message: 'gone' });
  await clock.advance(60_000);
  source.push({ type: 'replace', parts: new Map([['b', [db(1, { uid: 'successor' }), db(0)]]]) });
  await clock.advance(1000);
  assert.deepEqual([recorder.deltas.length, recorder.statuses.length], [3, 2], 'all of that was told');
  assert.equal(hooks.runs, 1);
});

test('a member that has another name, or has become this pod, may be another list', async (t) => {
  const { sync, set, ran, noted } = await hook(t, { onChange: '' }, { needsSelf: true });
  sync(db(0));
  await set(db(0, { self: true }));
  await ran(1);
  await set(db(0, { self: true, hostname: 'other' }));
  await ran(2);
  assert.equal(noted(), `on-change:\n${lines(0)}on-change:\nother\n`);
});

test('an empty list runs nothing: to a script it would mean a new cluster', async (t) => {
  const { sync, set, ran, noted, hooks } = await hook(t, { onStart: '', onChange: '' });
  sync();
  await settle();
  assert.equal(hooks.runs, 0);
  await set(db(0));
  await ran(1);
  await set();
  await set(db(1));
  await ran(2);
  assert.equal(noted(), `on-start:\n${lines(0)}on-change:\n${lines(1)}`);
});

test('with needsSelf nothing runs while this pod is not among the members, and the log says so once', async (t) => {
  const { sync, set, ran, noted, hooks, log } = await hook(
    t,
    { onStart: '', onChange: '' },
    { needsSelf: true },
  );
  sync(db(0));
  await set(db(0), db(1));
  assert.equal(hooks.runs, 0);
  assert.deepEqual(log.said(/wait until this pod/), [{ members: 1 }]);
  await set(db(0), db(1), db(2, { self: true }));
  await ran(1);
  await set(db(0));
  assert.equal(hooks.runs, 1);
  assert.equal(noted(), `on-start:\n${lines(0, 1, 2)}`);
});

test('the name of a peer, by type of address', () => {
  const whole = db(0, { addresses: ['fd00::1', '10.0.0.1'] });
  const named = (one: Member) => (['DNS', 'IP', 'IPv4', 'IPv6'] as const).map((type) => peerName(type)(one));
  assert.deepEqual(named(whole), [`db-0.${DOMAIN}`, 'fd00::1', '10.0.0.1', 'fd00::1']);
  assert.deepEqual(named(member('u0', { addresses: ['10.0.0.1'] })), [
    '10.0.0.1',
    '10.0.0.1',
    '10.0.0.1',
    undefined,
  ]);
  assert.deepEqual(named(member('u0', { name: 'db-0', addresses: [] })), [
    'db-0',
    ...Array(3).fill(undefined),
  ]);
});

test('who has no name of the wanted type is no peer', async (t) => {
  const { sync, ran, noted } = await hook(t, { onChange: '' }, { peer: peerName('IPv6') });
  sync(db(0, { addresses: ['10.0.0.1', 'fd00::1'] }), db(1, { addresses: ['10.0.0.2'] }));
  await ran(1);
  assert.equal(noted(), 'on-change:\nfd00::1\n');
});
