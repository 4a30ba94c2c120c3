/** The webhooks that are compared, each as a child process that listens. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import packageJson from '../../package.json' with { type: 'json' };
import { freePorts } from '../../test/support/free-ports.ts';
import { build } from '../go.ts';
import { directory, output, type Started, servingPort, start } from '../processes.ts';
import type { ClusterDouble } from './cluster-double.ts';
import { peprModule } from './pepr-module.ts';
import { NAMESPACE } from './reviews.ts';
import type { SubjectName } from './subject-names.ts';

export interface Subject {
  name: SubjectName;
  port: number;
  /** Path and query of a review. */
  path: string;
  pid: number;
  started: Started;
}

/** The surroundings of a webhook: where it finds the API, and the certificate that it serves with. */
export type Surroundings = Pick<ClusterDouble, 'kubeconfig' | 'certFile' | 'keyFile' | 'certDirectory'>;

const IMAGE = `rollcall:${packageJson.version}`;
const PEPR = 'pepr@1.1.4';
const PEPR_PATH = 'bench';
const START_MS = 30_000;

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const QUERY = '?timeout=5s';

export function startSubject(name: SubjectName, given: Surroundings): Promise<Subject> {
  return starters[name](given);
}

const starters: Record<SubjectName, (given: Surroundings) => Promise<Subject>> = {
  ours: (given) => startOurs(given),
  go: (given) => serving('go', [build('peers/go/plain'), ...pair(given), ...goFlags()]),
  'go-minimal': (given) => serving('go-minimal', [build('peers/go/minimal'), ...pair(given), ...goFlags()]),
  'controller-runtime': startControllerRuntime,
  pepr: startPepr,
  https: ({ keyFile, certFile }) =>
    serving('https', [process.execPath, here('floors.ts'), 'https', keyFile, certFile]),
  express: ({ keyFile, certFile }) =>
    serving('express', [process.execPath, here('floors.ts'), 'express', keyFile, certFile], production()),
};

/** The bundle as the image runs it, with the arguments and the environment that deploy/webhook.yaml gives it. */
export function startOurs(
  { kubeconfig }: Pick<Surroundings, 'kubeconfig'>,
  flags: string[] = [],
  bundle = process.env.ROLLCALL_BENCH_BUNDLE ?? here('../../dist/main.js'),
): Promise<Subject> {
  const { args, env } = deployed();
  const program = [process.execPath, ...nodeFlags(), ...flags, bundle];
  return serving('ours', [...program, ...args, '--port', '0', '--kubeconfig', kubeconfig], {
    ...production(),
    ...env,
  });
}

async function serving(name: SubjectName, command: string[], env = ownEnvironment()): Promise<Subject> {
  const started = start('server', command, { env });
  const port = await servingPort(started);
  return { name, port, path: `/mutate${QUERY}`, pid: started.pid, started };
}

function pair({ certFile, keyFile }: Surroundings): string[] {
  return ['-cert', certFile, '-key', keyFile];
}

function goFlags(): string[] {
  const namespaces = join(directory, 'namespaces.json');
  writeFileSync(namespaces, JSON.stringify({ [NAMESPACE]: { 'kubernetes.io/metadata.name': NAMESPACE } }));
  return ['-namespaces', namespaces, '-image', IMAGE, '-version', packageJson.version];
}

async function startControllerRuntime({ certDirectory }: Surroundings): Promise<Subject> {
  const [port] = await freePorts(1);
  const command = [
    build('peers/go/controllerruntime'),
    '-cert-dir',
    certDirectory,
    '-port',
    `${port}`,
    ...goFlags(),
  ];
  const started = start('server', command, { env: ownEnvironment() });
  return listening({
    name: 'controller-runtime',
    port: port!,
    path: `/mutate${QUERY}`,
    pid: started.pid,
    started,
  });
}

/** Installed into a folder of this run, since nobody needs it but the bench. */
async function startPepr({ kubeconfig, certFile, keyFile }: Surroundings): Promise<Subject> {
  const folder = process.env.ROLLCALL_BENCH_PEPR ?? join(directory, 'pepr');
  if (!existsSync(join(folder, 'node_modules/pepr'))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    await output('client', ['npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts', PEPR], {
      cwd: folder,
    });
  }
  writeFileSync(join(folder, 'module.cjs'), peprModule(IMAGE, packageJson.version));
  const [port] = await freePorts(1);
  const env = {
    ...production(),
    KUBECONFIG: kubeconfig,
    SSL_KEY_PATH: keyFile,
    SSL_CERT_PATH: certFile,
    PEPR_API_PATH: PEPR_PATH,
    PEPR_WATCH_MODE: 'false',
  };
  const started = start('server', [process.execPath, join(folder, 'module.cjs'), `${port}`], {
    env,
    cwd: folder,
  });
  const path = `/mutate/${PEPR_PATH}${QUERY}`;
  const subject = await listening({ name: 'pepr', port: port!, path, pid: started.pid, started });
  // It takes reviews only when it has read its store, after a random time of up to 3 s.
  await delay(5000);
  return subject;
}

async function listening(subject: Subject): Promise<Subject> {
  const until = performance.now() + START_MS;
  while (!(await accepts(subject.port))) {
    if (performance.now() > until || subject.started.child.exitCode !== null) {
      throw new Error(`${subject.name} does not listen:\n${subject.started.tail()}`);
    }
    await delay(100);
  }
  return subject;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.once('secureConnect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('secureConnect', () => socket.destroy());
  });
}

/** The caller's settings must not leak into what is measured. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(ROLLCALL_|KUBE|NODE_|npm_)/.test(name));
  return Object.fromEntries(kept);
}

function production(): NodeJS.ProcessEnv {
  return { ...ownEnvironment(), NODE_ENV: 'production' };
}

interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: { fieldRef?: { fieldPath: string } };
}

/** The arguments and the environment of the container in deploy/webhook.yaml. */
function deployed(): { args: string[]; env: Record<string, string> } {
  const text = readFileSync(here('../../deploy/webhook.yaml'), 'utf8');
  const objects = parseAllDocuments(text).map((document) => document.toJS());
  const { spec } = objects.find(({ kind }) => kind === 'Deployment').spec.template;
  const { args = [], env = [] } = spec.containers[0] as { args?: string[]; env?: EnvVar[] };
  return {
    args,
    env: { ...Object.fromEntries(env.map((one) => [one.name, settled(one)])), ROLLCALL_IMAGE: IMAGE },
  };
}

function settled({ value = '', valueFrom }: EnvVar): string {
  const path = valueFrom?.fieldRef?.fieldPath;
  return path === 'metadata.namespace' ? 'rollcall-system' : path === 'metadata.name' ? 'rollcall-0' : value;
}

/** The flags of Node in the image's entry point. */
function nodeFlags(): string[] {
  const entries = readFileSync(here('../../Dockerfile'), 'utf8').matchAll(/^ENTRYPOINT (\[.*\])$/gm);
  const [, ...flags] = JSON.parse([...entries].at(-1)![1]!) as string[];
  return flags.slice(0, -1);
}
