/** The process of peer-finder: its signals, its status, its output and its flags. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { apiWith, container, DOMAIN, exitCode, MAIN, quickly, sideBySide, UNTIL_TERM } from './container.ts';

describe('as the process that it is', sideBySide, () => {
  test('a script that runs gets SIGTERM, and its status is that of the process', async (t) => {
    const { server } = await apiWith(t, 'db-0');
    const pod = await container(t);
    const started = pod.start([
      '-on-start',
      await pod.write('server.sh', UNTIL_TERM),
      '-service',
      'db',
      ...server,
    ]);
    await eventually('the script', () => pod.has('runs'), quickly);
    started.signal('SIGTERM');
    assert.equal(await exitCode(started), 7);
    assert.equal(pod.read('told'), 'TERM\n');
  });

  test('between scripts SIGTERM ends it with 0', async (t) => {
    const { server } = await apiWith(t, 'db-0');
    const pod = await container(t);
    const script = pod.script('nacos-on-start.sh');
    const started = pod.start(['-on-start', script, '-on-change', script, '-service', 'db', ...server]);
    await started.until('the script', () => started.output.some((line) => line.includes('hook done')));
    started.signal('SIGTERM');
    assert.equal(await exitCode(started), 0);
  });

  /** Ways in which scripts leave something running; each notes the signal, takes its time, and ends. */
  const daemon = `trap 'echo told >>daemon; sleep 0.5; echo ended >>daemon; exit 0' TERM; echo running >>daemon
    tries=0; while [ $((tries += 1)) -lt 400 ]; do sleep 0.05; done`;
  const left: Record<string, string> = {
    'in the background': 'sh ./daemon.sh &',
    'in a session of its own': 'setsid sh ./daemon.sh &',
    'without the environment': 'env -i PATH="$PATH" sh ./daemon.sh &',
  };
  for (const [how, start] of Object.entries(left)) {
    test(`what a script left running ${how} gets SIGTERM, and the time that it needs`, async (t) => {
      const { server } = await apiWith(t, 'db-0');
      const pod = await container(t);
      await pod.write('daemon.sh', daemon);
      const script = await pod.write('start.sh', `cat >/dev/null; ${start}`);
      const flags = ['-on-start', script, '-on-change', script, '-service', 'db', ...server];
      const started = pod.start(flags);
      await pod.becomes('daemon', 'running\n');
      await started.until('the end of the script', () =>
        started.output.some((line) => /hook done/.test(line)),
      );
      started.signal('SIGTERM');
      assert.equal(await exitCode(started), 0, started.tail());
      assert.equal(pod.read('daemon'), 'running\ntold\nended\n');
    });
  }

  test('what a script writes passes as it is, also from what it left running when all has ended', async (t) => {
    const { server } = await apiWith(t, 'db-0');
    const pod = await container(t);
    const long = 'x'.repeat(10_000);
    const body = `cat >/dev/null; (until [ -e gone ]; do sleep 0.02; done; printf 'last \\377 word') &
      printf '%s' ${long}`;
    const script = await pod.write('start.sh', body);
    const init = [MAIN, 'peer-finder', '-on-start', script, '-service', 'db', ...server];
    const file = join(pod.directory, 'written');

    const out = openSync(file, 'w');
    const child = spawn(process.execPath, init, { env: pod.environment, stdio: ['ignore', out, 'ignore'] });
    closeSync(out);
    const [code] = await once(child, 'exit');
    assert.equal(code, 0);
    await writeFile(join(pod.directory, 'gone'), '');
    const whole = Buffer.concat([Buffer.from(`${long}last `), Buffer.from([0xff]), Buffer.from(' word')]);
    await eventually('the last word', () => readFileSync(file).equals(whole), quickly);
  });

  test('told to stop before the peers are known, it has not succeeded', async (t) => {
    const { server } = await apiWith(t, 'db-1');
    const pod = await container(t);
    const init = pod.start(['-on-start', pod.script('nacos-on-start.sh'), '-service', 'db', ...server]);
    await init.until('the wait for itself', () => init.output.some((line) => /until this pod is/.test(line)));
    init.signal('SIGTERM');
    assert.equal(await exitCode(init), 143);
    assert.equal(pod.has('cluster.conf'), false);
  });

  test('a start script that fails is run again, and only its success ends it', async (t) => {
    const { server } = await apiWith(t, 'db-0');
    const pod = await container(t);
    const script = await pod.write('second.sh', 'echo run >>runs; [ $(wc -l <runs) -ge 2 ]');
    const init = pod.start(['-on-start', script, '-service', 'db', ...server]);
    assert.equal(await exitCode(init), 0, init.tail());
    assert.equal(pod.read('runs'), 'run\nrun\n');
  });

  test('started under the name of peer-finder it is peer-finder', async (t) => {
    const { server } = await apiWith(t, 'db-0');
    const pod = await container(t);
    const link = join(pod.directory, 'peer-finder');
    await symlink(MAIN, link);
    const init = pod.start(
      ['-on-start', pod.script('nacos-on-start.sh'), '-service', 'db', ...server],
      {},
      link,
    );
    assert.equal(await exitCode(init), 0, init.tail());
    assert.equal(pod.read('cluster.conf'), `db-0.${DOMAIN}:8848\n`);
  });
});

test('a setting that can not be used is told by its flag with one dash', async (t) => {
  const pod = await container(t);
  const told = async (...argv: string[]) => {
    const started = pod.start(['-on-start', 'true', '-selector', 'app=db', ...argv]);
    assert.equal(await exitCode(started), 2);
    return started.tail();
  };
  const [outside, unreadable] = await Promise.all([
    told(),
    told('-server', 'https://127.0.0.1:1', '-token-file', '/none'),
  ]);
  assert.match(
    outside,
    /^rollcall: -selector: "app=db" needs the API: -server is missing and this is not a pod/,
  );
  assert.match(
    unreadable,
    /: -token-file: "\/none" can't be read \(ENOENT\); give a file that this user can read/,
  );
});
