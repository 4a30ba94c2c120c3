/**
 * `node bench/sidecar/change-cost.ts [--members 10,1000] [--changes 200] [--per-second 20] [--program dist/main.js]`:
 * what a change costs the whole sidecar, as injected, over TLS, with one reader of its socket, members.json
 * and one template: CPU of the process, and its memory before, under the changes and after.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sidecarEnvironment } from '../../src/inject/sidecar.ts';
import type { ChangeKind } from './changing-api.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const { values } = parseArgs({
  options: {
    members: { type: 'string', default: '10,100,1000,10000' },
    kinds: { type: 'string', default: 'flip,restart' },
    changes: { type: 'string', default: '200' },
    'per-second': { type: 'string', default: '20' },
    program: { type: 'string', default: here('../../dist/main.js') },
    /** Options of Node, to profile it: `--cpu-prof --cpu-prof-dir=/tmp/x`. */
    node: { type: 'string', default: '' },
  },
});

/** Settled: the garbage of the start is collected a second after the first list. */
const REST_MS = 4000;
/** The last files are written by then. */
const AFTER_MS = 1500;
const WARM_UP = 60;

const directory = mkdtempSync(join(tmpdir(), 'rollcall-cost-'));
const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

console.log(
  'members  kind      CPU ms a change  lines  rest anon MB  rest MB  peak MB  peak/rest  after anon MB',
);
for (const members of values.members.split(',').map(Number)) {
  for (const kind of values.kinds.split(',') as ChangeKind[]) console.log(await measured(members, kind));
}
process.exit(0);

async function measured(members: number, kind: ChangeKind): Promise<string> {
  const api = fork(here('changing-api.ts'), [String(members)]);
  children.add(api);
  const [{ url, ca }] = await once(api, 'message');
  const own = mkdtempSync(join(directory, 's-'));
  const caFile = join(own, 'ca.crt');
  writeFileSync(caFile, ca);
  const flags = ['--namespace', 'bench', '--service', 'db', '--port', '0', '--directory', own];
  const given = [...flags, '--file', 'peers={hostname}:5432', '--server', url, '--ca-file', caFile];
  const options = values.node === '' ? [] : values.node.split(' ');
  const child = spawn(process.execPath, [...options, values.program, 'sidecar', ...given], {
    env: { ...process.env, ...sidecarEnvironment },
    stdio: 'ignore',
  });
  children.add(child);
  const reader = await read(join(own, 'members.sock'));
  while (reader.lines < 2) await delay(20);
  await delay(REST_MS);
  const resting = memory(child);
  writeFileSync(`/proc/${child.pid}/clear_refs`, '5');
  await change(api, kind, WARM_UP);
  await delay(AFTER_MS);
  const rest = { ...resting, cpu: cpuMs(child), lines: reader.lines };
  const changes = Number(values.changes);
  await change(api, kind, changes);
  await delay(AFTER_MS);
  const { peak } = memory(child);
  const cpu = (cpuMs(child) - rest.cpu) / changes; for (const t of readdirSync('/proc/'+child.pid+'/task')) console.log(t, readFileSync('/proc/'+child.pid+'/task/'+t+'/comm','utf8').trim(), readFileSync('/proc/'+child.pid+'/task/'+t+'/schedstat','utf8').trim(), readFileSync('/proc/'+child.pid+'/task/'+t+'/stat','utf8').split(' ').slice(13,15).join('u/s '));
  const after = memory(child);
  if (values.node === '') child.kill('SIGKILL');
  else child.kill('SIGTERM');
  api.kill('SIGKILL');
  await once(child, 'exit');
  return [
    `${members}`.padEnd(9),
    kind.padEnd(10),
    cpu.toFixed(2).padEnd(17),
    `${reader.lines - rest.lines}`.padEnd(7),
    rest.anonymous.toFixed(1).padEnd(14),
    rest.resident.toFixed(1).padEnd(9),
    peak.toFixed(1).padEnd(9),
    (peak / rest.resident).toFixed(2).padEnd(11),
    after.anonymous.toFixed(1),
  ].join('');
}

async function change(api: ChildProcess, kind: ChangeKind, count: number): Promise<void> {
  const began = performance.now();
  for (let turn = 1; turn <= count; turn += 1) {
    api.send(kind);
    await delay(Math.max(0, began + (turn * 1000) / Number(values['per-second']) - performance.now()));
  }
}

/** Reads as an application does that keeps up, and counts lines. */
async function read(path: string): Promise<{ lines: number }> {
  const counted = { lines: 0 };
  for (;;) {
    const socket = connect(path);
    const connected = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    if (!connected) {
      await delay(5);
      continue;
    }
    socket.on('data', (data: Buffer) => {
      for (let end = data.indexOf(10); end !== -1; end = data.indexOf(10, end + 1)) counted.lines += 1;
    });
    socket.on('error', () => {});
    return counted;
  }
}

/** Of all threads, in milliseconds. */
function cpuMs({ pid }: ChildProcess): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = tasks.map((task) =>
    Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e6;
}

/** In MB. */
function memory({ pid }: ChildProcess): { anonymous: number; resident: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (field: string) =>
    (Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6;
  return { anonymous: of('RssAnon'), resident: of('VmRSS'), peak: of('VmHWM') };
}
