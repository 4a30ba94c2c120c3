/**
 * The subjects of the measurement: our sidecar as the image runs it, a Go relay, and a Node process that does nothing.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { sidecarEnvironment } from '../../src/inject/sidecar.ts';
import { build, goMissing } from '../go.ts';
import { directory, stop, track } from '../processes.ts';
import type { ApiOrder } from './api.ts';
import type { LoadKind } from './result.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The paths that the relay and the sidecar ask for. */
export const RELAY_PATH = '/relay';
export const SIDECAR_PATH = '/apis/discovery.k8s.io/v1/namespaces/bench/endpointslices';

export interface Api {
  url: string;
  caFile: string;
  /** Sends one change to who watches `path`; resolves with when it was sent, in nanoseconds. */
  change(path: string, ready: boolean): Promise<bigint>;
  /** Sends so many writes, at so many a second, to all who watch; resolves when the last one was sent. */
  load(kind: LoadKind, steps: number, perSecond: number): Promise<{ bytes: number }>;
  /** Takes so many steps of a mass join back. */
  leave(steps: number): Promise<void>;
  stop(): void;
}

export async function startApi(members: number): Promise<Api> {
  const child = fork(here('api.ts'), [String(members)]);
  track(child);
  const [{ url, ca }] = await once(child, 'message');
  const caFile = join(directory, `ca-${child.pid}.crt`);
  writeFileSync(caFile, ca);
  const ask = async (order: ApiOrder) => {
    const answer = once(child, 'message');
    child.send(order);
    return (await answer)[0];
  };
  return {
    url,
    caFile,
    change: async (path, ready) => BigInt((await ask({ path, ready })).sentAt),
    load: (load, steps, perSecond) => ask({ load, steps, perSecond }),
    leave: (steps) => ask({ leave: steps }),
    stop: () => stop(child),
  };
}

/** The bundle, with the environment that injection gives it. Resolves when it was spawned. */
export function startSidecar(api: Api, more: string[] = []): { child: ChildProcess; socket: string } {
  const own = mkdtempSync(join(directory, 's-'));
  const flags = ['--namespace', 'bench', '--service', 'db', '--port', '0', '--directory', own, ...more];
  const upstream = ['--server', api.url, '--ca-file', api.caFile];
  const child = started(process.execPath, [here('../../dist/main.js'), 'sidecar', ...flags, ...upstream], {
    ...process.env,
    ...sidecarEnvironment,
  });
  return { child, socket: join(own, 'members.sock') };
}

/** Starts the relay; returns undefined where there is no Go. */
export function startRelay(api: Api): { child: ChildProcess; socket: string } | undefined {
  if (goMissing() !== undefined) return undefined;
  const binary = build('sidecar/relay');
  const socket = join(mkdtempSync(join(directory, 'r-')), 'members.sock');
  const child = started(binary, [
    '--server',
    `${api.url}${RELAY_PATH}`,
    '--ca-file',
    api.caFile,
    '--socket',
    socket,
  ]);
  return { child, socket };
}

/** The informer of client-node, bundled as ours is: from its sources Node would need more memory for their types. */
export function startClientNode(api: Api): ChildProcess {
  const outfile = join(directory, 'client-node-informer.mjs');
  if (!existsSync(outfile)) {
    const banner = `import{createRequire}from'node:module';const require=createRequire(import.meta.url);`;
    const form = { bundle: true, platform: 'node', target: 'node24', format: 'esm' } as const;
    buildSync({ ...form, entryPoints: [here('informer.ts')], outfile, banner: { js: banner } });
  }
  return started(process.execPath, [outfile, api.url, api.caFile]);
}

/** Needs Go. */
export function startClientGo(api: Api): ChildProcess {
  return started(build('peers/go/informer'), ['--server', api.url, '--ca-file', api.caFile]);
}

export function startIdleNode(): ChildProcess {
  return started(process.execPath, ['--eval', 'setInterval(() => {}, 1e9)']);
}

/** Calls back with every line of the stream and when it came, in nanoseconds. */
export async function read(path: string, onLine: (line: string, at: bigint) => void): Promise<Socket> {
  for (;;) {
    const socket = connect(path);
    const connected = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    if (connected) {
      createInterface({ input: socket }).on('line', (line) => onLine(line, process.hrtime.bigint()));
      return socket;
    }
    await delay(2);
  }
}

function started(program: string, args: string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
  const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'ignore'] });
  track(child);
  return child;
}
