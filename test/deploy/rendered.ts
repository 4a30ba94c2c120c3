/** The objects that each way of installing would apply. */

import { execFile, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';

// biome-ignore lint/suspicious/noExplicitAny: objects of every kind; tests pick what they assert
export type Manifest = any;

const run = promisify(execFile);
/** The policies alone are tens of kilobytes. */
const maxBuffer = 16 * 1024 * 1024;
const DEPLOY = fileURLToPath(new URL('../../deploy', import.meta.url));
export const CHART = `${DEPLOY}/chart`;
export const INSTALL_FILE = `${DEPLOY}/install.yaml`;
/** The oldest version that is supported. */
const KUBE_VERSION = 'v1.33.0';

/** Why a program of this machine can't be used, for `t.skip`; undefined when it can. */
export function missing(program: 'helm' | 'kubectl'): string | undefined {
  const args = program === 'helm' ? ['version'] : ['version', '--client'];
  return spawnSync(program, args).status === 0 ? undefined : `${program} is not on PATH`;
}

/** `helm template` with these values. */
export async function chart(values: object = {}, namespace = 'rollcall-system'): Promise<Manifest[]> {
  const args = ['template', 'rollcall', CHART, '--namespace', namespace, '--kube-version', KUBE_VERSION];
  return manifests(await withInput('helm', [...args, '--values', '-'], JSON.stringify(values)));
}

/** `kubectl kustomize` of a directory. */
export async function kustomized(directory = DEPLOY): Promise<Manifest[]> {
  const { stdout } = await run('kubectl', ['kustomize', directory], { maxBuffer });
  return manifests(stdout);
}

/** deploy/install.yaml. */
export async function installFile(): Promise<Manifest[]> {
  return manifests(await readFile(INSTALL_FILE, 'utf8'));
}

/** `helm lint --strict`, which rejects when there is something to say. */
export const lint = (values: object = {}): Promise<string> =>
  withInput(
    'helm',
    ['lint', '--strict', CHART, '--kube-version', KUBE_VERSION, '--values', '-'],
    JSON.stringify(values),
  );

export function manifests(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest)
    .filter((object) => object !== null);
}

/** `KIND NAME` to the object. A kind and a name stand once. */
export function byName(objects: readonly Manifest[]): Record<string, Manifest> {
  const named = objects.map((object) => [`${object.kind} ${object.metadata.name}`, object] as const);
  if (new Set(named.map(([name]) => name)).size < named.length) throw new Error('an object stands twice');
  return Object.fromEntries(named);
}

function withInput(command: string, args: string[], input: string): Promise<string> {
  const running = run(command, args, { maxBuffer });
  running.child.stdin?.end(input);
  return running.then(
    ({ stdout }) => stdout,
    ({ stderr, stdout }) => {
      throw new Error(`${command} ${args.join(' ')}: ${stdout}${stderr}`);
    },
  );
}
