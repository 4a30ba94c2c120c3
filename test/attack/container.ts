/** The memory limit that the webhook's container has. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

const HERE = fileURLToPath(new URL('../../', import.meta.url));

/** The settings of the webhook's container in the deployment. */
export interface Container {
  /** The limit of its memory. */
  mib: number;
  /** `NAME=VALUE` of the variables that decide how Node and its allocator use that. */
  environment: string[];
}

const OF_MEMORY = ['NODE_OPTIONS', 'MALLOC_ARENA_MAX'];

export async function deployedContainer(): Promise<Container> {
  const text = await readFile(join(HERE, 'deploy/webhook.yaml'), 'utf8');
  const deployment = parseAllDocuments(text)
    .map((document) => document.toJS())
    .find(({ kind }) => kind === 'Deployment');
  const [{ resources, env }] = deployment.spec.template.spec.containers;
  const environment = (env as { name: string; value?: string }[])
    .filter(({ name }) => OF_MEMORY.includes(name))
    .map(({ name, value = '' }) => `${name}=${value}`);
  return { mib: Number(/^(\d+)Mi$/.exec(resources.limits.memory)![1]), environment };
}

/** The file of a limit in a control group, of the first and the second version of those. */
const GROUPS = [
  { root: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes' },
  { root: '/sys/fs/cgroup', limit: 'memory.max' },
];

/**
 * A launcher of a process that the kernel ends beyond this much memory, and in which Node sees it as its
 * container's. Undefined, with the reason told, where control groups can't be made.
 */
export async function memoryLimit(mib: number): Promise<readonly string[] | undefined> {
  let reason: unknown;
  for (const { root, limit } of GROUPS) {
    const group = join(root, `rollcall-attack-${process.pid}`);
    try {
      await mkdir(group, { recursive: true });
      await writeFile(join(group, limit), String(mib * 1024 * 1024));
      return ['/bin/sh', '-c', `echo $$ > ${join(group, 'cgroup.procs')} && exec "$@"`, 'sh'];
    } catch (error) {
      reason = error;
    }
  }
  console.log(`    the memory limit is not enforced here, only looked at: ${(reason as Error).message}`);
  return undefined;
}
