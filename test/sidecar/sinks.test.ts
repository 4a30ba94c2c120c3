import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseConfig, UsageError } from '../../src/config.ts';
import { metricsOf } from '../../src/sidecar/metrics.ts';
import { sinksOf } from '../../src/sidecar/sinks.ts';
import { sidecarSettings } from '../../src/sidecar-settings.ts';
import { silent } from '../../src/watcher/log.ts';
import { Malformed } from '../../src/watcher/membership/malformed.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { member, scripted, watchOf } from '../watcher/scripted-source.ts';

/** The sinks of a sidecar with these flags, and the watch that they follow. */
async function made(t: TestContext, ...flags: string[]) {
  const directory = await temporaryFolder(t);
  const argv = ['--namespace', 'default', '--service', 'db', '--directory', directory, ...flags];
  const clock = new FakeClock();
  const source = scripted();
  const watch = watchOf(source, clock);
  const sinks = sinksOf(parseConfig(sidecarSettings, argv, {}), { view: watch, clock, log: silent });
  t.after(() => Promise.all(sinks.all.map((sink) => sink.close?.('the test is over'))));
  return { ...sinks, directory, source, clock, watch, names: sinks.all.map((sink) => sink.constructor.name) };
}

test('without settings, a group has its socket, its gate and members.json', async (t) => {
  const { names, readers, gate, all } = await made(t);
  assert.deepEqual(names, ['Readers', 'MembersFile', 'Gate']);
  assert.ok(all.includes(readers) && all.includes(gate));
});

test('each setting makes its sinks, and the stream is told first', async (t) => {
  const files = ['--file', 'a={name}', '--file', 'b={name}'];
  const notified = ['--notify', 'http://127.0.0.1:1/', '--notify', 'udp://127.0.0.1:1'];
  const { names } = await made(t, '--on-start', 'true', ...notified, ...files);
  const kept = ['MembersFile', 'TemplateFile', 'TemplateFile'];
  assert.deepEqual(names, ['Readers', ...kept, 'HttpNotifier', 'UdpNotifier', 'Hooks', 'Gate']);
});

test('an application that waits for members finds all of them in the files when it starts', async (t) => {
  const { directory, gate, all, watch, source, clock } = await made(
    t,
    ...['--wait-for', '3', '--file', 'peers={name}'],
  );
  for (const sink of all) watch.add(sink);
  const atTheStart = gate.opened.then(() =>
    Promise.all(['peers', 'members.json'].map((name) => readFile(join(directory, name), 'utf8'))),
  );
  const known = async (...uids: string[]) => {
    source.push({ type: 'replace', parts: new Map([['a', uids.map((uid) => member(uid))]]) });
    await settle();
    await clock.advance(20);
  };
  await known('u0', 'u1');
  await eventually('the first file', () => readFile(join(directory, 'peers')));
  assert.equal(gate.open, false);
  await known('u0', 'u1', 'u2');
  const [peers, members] = await atTheStart;
  assert.equal(peers, 'u0\nu1\nu2\n');
  assert.match(members!, /"u2"/);
});

test('the files of a group under a name are not written through a link that has taken the place of its folder', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-'));
  t.after(() => rm(directory, { recursive: true, maxRetries: 5 }));
  const [elsewhere, folder] = ['elsewhere', 'backends'].map((name) => join(directory, name)) as [
    string,
    string,
  ];
  await mkdir(elsewhere);
  await symlink(elsewhere, folder);
  const flags = [
    '--namespace',
    'default',
    '--service',
    'db',
    '--directory',
    folder,
    '--file',
    'peers={name}',
  ];
  const settings = parseConfig(sidecarSettings, flags, {});
  const failuresOf = async (name?: string) => {
    const [clock, source] = [new FakeClock(), scripted()];
    const watch = watchOf(source, clock);
    const { all } = sinksOf(name === undefined ? settings : { ...settings, name }, {
      view: watch,
      clock,
      log: silent,
    });
    for (const sink of all) watch.add(sink);
    source.push({ type: 'replace', parts: new Map([['a', [member('u0')]]]) });
    await settle();
    await clock.advance(10);
    const outcome = await eventually('an outcome', async () => {
      const failing = all.flatMap((sink) => sink.failing ?? []);
      const written = await readdir(elsewhere);
      return (
        (failing.length === 2 || written.join() === '.started,members.json,peers') && { failing, written }
      );
    });
    await Promise.all(all.map((sink) => sink.close?.('the test is over')));
    return outcome;
  };
  assert.deepEqual(await failuresOf('backends'), { failing: ['members.json', 'peers'], written: [] });
  assert.deepEqual(await failuresOf(), { failing: [], written: ['.started', 'members.json', 'peers'] });
});

test('a file that is given twice is refused', async (t) => {
  await assert.rejects(
    made(t, '--file', 'a={name}', '--file', 'a={uid}'),
    (error) => error instanceof UsageError && /^--file: "a" is given twice; give/.test(error.message),
  );
});

test('what several sinks count under one name is added up, and what nobody counts is not there', async (t) => {
  const flags = ['--file', 'a={name}', '--notify', 'udp://127.0.0.1:1', '--wait-for', 'all'];
  const { all, watch } = await made(t, ...flags);
  const files = all.filter((sink) => sink.constructor.name.endsWith('File'));
  const counted = files.flatMap((sink) => sink.metrics ?? []);
  for (const [index, metric] of counted.entries()) metric.read = () => index + 1;
  const measured = { watch, outputs: all, malformed: new Malformed(silent), traffic: { bytes: 7 } };
  const text = metricsOf([measured, { ...measured, name: 'backends' }]).text();
  assert.match(text, /^rollcall_file_failures_total 3$/m);
  assert.match(text, /^rollcall_notify_sent_total 0$/m);
  assert.match(text, /^rollcall_upstream_bytes_total 7$/m);
  assert.match(text, /^rollcall_socket_clients 0$/m);
  assert.match(text, /^rollcall_file_failures_total\{group="backends"\} 3$/m);
  assert.match(text, /^rollcall_members\{group="backends"\} 0$/m);
  assert.doesNotMatch(text, /rollcall_hook_/);
  assert.doesNotMatch(text, /^rollcall_gate_wanted/m, 'nobody says how many there are to be');
  const names = text.split('\n').filter((line) => line.startsWith('# TYPE'));
  assert.equal(new Set(names).size, names.length, 'each metric is described once');
});
