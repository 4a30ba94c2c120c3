import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type HookOptions, Hooks, peerName } from '../../../src/watcher/outputs/hooks.ts';
import type { Member } from '../../../src/watcher/protocol.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { Recorder } from '../followed-group.ts';
import { RecordedLog } from '../recorded-log.ts';
import { member, scripted, watchOf } from '../scripted-source.ts';

const soon = <T>(what: string, attempt: () => T | Promise<T>) =>
  eventually(what, attempt, { everyMs: 5, timeoutMs: 10_000 });

const DOMAIN = 'db.default.svc.cluster.local';

const db = (ordinal: number, fields: Partial<Member> = {}) =>
  member(`u${ordinal}`, { name: `db-${ordinal}`, hostname: `db-${ordinal}.${DOMAIN}`, ordinal, ...fields });

const lines = (...ordinals: number[]) => ordinals.map((ordinal) => `db-${ordinal}.${DOMAIN}\n`).join('');

/** Waits for the test, but not for ever: a script may outlive a test that is killed. */
const UNTIL_GO = 'tries=0; until [ -e go ] || [ $((tries += 1)) -gt 1000 ]; do sleep 0.02; done';

interface Scripts {
  /** Bodies of shell scripts; each runs after a line that keeps what came on stdin. */
  onStart?: string;
  onChange?: string;
}

/** Hooks of a scripted watch, on a clock of the test's; the scripts note `HOOK:` and their stdin. */
async function hook(t: TestContext, scripts: Scripts, options: Partial<HookOptions> = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-'));
  const command = async (name: string, body: string | undefined) => {
    if (body === undefined) return undefined;
    const file = join(directory, `${name}.sh`);
    // One write a run, so that what is read is whole.
    const note = `printf '%s:\\n%s\\n' ${name} "$(cat)" >>"${directory}/noted"\n`;
    await writeFile(file, `#!/bin/sh\ncd "${directory}"\n${note}${body}\n`, { mode: 0o755 });
    return [file];
  };
  const clock = new FakeClock();
  const source = scripted();
  const log = new RecordedLog();
  const recorder = new Recorder();
  const onStart = await command('on-start', scripts.onStart);
  const onChange = await command('on-change', scripts.onChange);
  const hooks = new Hooks({ onStart, onChange, ...options }, clock, log);
  /** Lets time pass until all is closed: what was left running is looked for again and again. */
  const closed = async (closing: Promise<void>) => {
    let done = false;
    const finished = closing.finally(() => {
      done = true;
    });
    while (!done) {
      await delay(5);
      await clock.advance(100);
    }
    await finished;
  };
  t.after(async () => {
    await closed(hooks.close());
    await rm(directory, { recursive: true, force: true });
  });
  const watch = watchOf(source, clock, hooks, recorder);
  const noted = () =>
    existsSync(join(directory, 'noted')) ? readFileSync(join(directory, 'noted'), 'utf8') : '';
  return {
    directory,
    clock,
    source,
    log,
    recorder,
    hooks,
    closed,
    watch,
    noted,
    sync: (...members: Member[]) => source.push({ type: 'replace', parts: new Map([['a', members]]) }),
    set: async (...members: Member[]) => {
      source.push({ type: 'set', key: 'a', members });
      await clock.advance(20);
    },
    /** Waits until so many runs have begun and the last of them has ended. */
    ran: (runs: number) => soon(`end of run ${runs}`, () => hooks.runs === runs && !hooks.running),
    file: (name: string) => join(directory, name),
    touch: (name: string) => writeFile(join(directory, name), ''),
  };
}

/** The process runs no more; whether somebody waited for it is another question. */
function hasEnded(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

/** Children of this process that ended and that nobody waited for. */
async function zombies(): Promise<string[]> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(
    processes.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')),
  );
  return stats.filter((stat) => new RegExp(`\\) Z ${process.pid} `).test(stat));
}

test('on-start runs once with the first peers, on-change with the later ones: sorted, a newline after each', async (t) => {
  const { sync, set, ran, noted, hooks } = await hook(t, { onStart: '', onChange: '' });
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

test('kmodules/peer-finder: a failing hook is no zombie: it is told, counted, and run again with the peers of then', async (t) => {
  const { clock, sync, set, ran, noted, hooks, log, file, touch } = await hook(t, {
    onStart: 'echo $$ >pid; echo trying; echo "the peer refused" >&2; [ -e fixed ] || exit 3',
    onChange: '',
  });
  sync(db(0));
  await ran(1);
  assert.ok(hasEnded(Number(readFileSync(file('pid'), 'utf8'))));
  assert.deepEqual(await zombies(), []);
  assert.deepEqual([hooks.failures, hooks.timeouts, hooks.failing, hooks.lastStatus], [1, 0, 'on-start', 3]);
  assert.deepEqual(log.said(/hook failed/), [
    { hook: 'on-start', status: 3, timedOut: false, lastError: 'the peer refused', againInSeconds: 0.4 },
  ]);
  assert.deepEqual(log.said(/hook output/), [
    { hook: 'on-start', stream: 'stdout', line: 'trying' },
    { hook: 'on-start', stream: 'stderr', line: 'the peer refused' },
  ]);
  await set(db(0), db(1));
  await clock.advance(379);
  assert.equal(hooks.runs, 1, 'a change does not cut the pause short');
  await clock.advance(1);
  await ran(2);
  await touch('fixed');
  await clock.advance(799);
  assert.equal(hooks.runs, 2, 'the pause doubles');
  await clock.advance(1);
  await ran(3);
  assert.deepEqual([hooks.failures, hooks.failing, hooks.lastStatus], [2, undefined, 0]);
  assert.equal(noted(), `on-start:\n${lines(0)}${`on-start:\n${lines(0, 1)}`.repeat(2)}`);
  await set(db(0));
  await ran(4);
  assert.ok(noted().endsWith(`on-change:\n${lines(0)}`), 'on-start has been done at last');
});

test('a failed run may have done a part: going back to the old list is told as well', async (t) => {
  const { clock, sync, set, ran, noted } = await hook(t, {
    onStart: '',
    onChange: '[ -e failed ] || { touch failed; exit 1; }',
  });
  sync(db(0));
  await ran(1);
  await set(db(0), db(1));
  await ran(2);
  await set(db(0));
  await clock.advance(1000);
  await ran(3);
  assert.ok(noted().endsWith(`on-change:\n${lines(0)}`));
});

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

test('a hook that ends well because it was told to has not done its work', async (t) => {
  const { clock, sync, ran, hooks, file } = await hook(
    t,
    { onChange: `trap 'exit 0' TERM; touch there; ${UNTIL_GO}` },
    { timeoutMs: 10_000 },
  );
  sync(db(0));
  await soon('the start', () => existsSync(file('there')));
  await clock.advance(10_000);
  await ran(1);
  assert.deepEqual([hooks.lastStatus, hooks.failures, hooks.timeouts], [0, 1, 1]);
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

test('a script that is not there, or may not be run, is named with what to do, and is run once it can be', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const script = join(directory, 'later.sh');
  const { clock, sync, ran, hooks, log } = await hook(t, {}, { onStart: [script] });
  sync(db(0));
  await ran(1);
  await writeFile(script, '#!/bin/sh\n', { mode: 0o644 });
  await clock.advance(400);
  await ran(2);
  await chmod(script, 0o755);
  await clock.advance(800);
  await hooks.started;
  assert.deepEqual(
    log.said(/hook failed/).map(({ status, lastError }) => [status, lastError]),
    [
      [127, `${script} is not there, or the interpreter in its first line is not; correct the path`],
      [127, `${script} may not be executed; give it the mode 0755`],
    ],
  );
  assert.deepEqual([hooks.runs, hooks.lastStatus, hooks.failing], [3, 0, undefined]);
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
});

test('who has no name of the wanted type is no peer', async (t) => {
  const { sync, ran, noted } = await hook(t, { onChange: '' }, { peer: peerName('IPv6') });
  sync(db(0, { addresses: ['10.0.0.1', 'fd00::1'] }), db(1, { addresses: ['10.0.0.2'] }));
  await ran(1);
  assert.equal(noted(), 'on-change:\nfd00::1\n');
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
