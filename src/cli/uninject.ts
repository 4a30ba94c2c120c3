import { uninject as operationsOf } from '../inject/uninject.ts';
import { isOurs } from './access.ts';
import { commands } from './commands.ts';
import { applyOperations } from './document/operations.ts';
import { at, type Fields, type Path, replaceAt, type Value } from './document/value.ts';
import { parseFlags } from './flags.ts';
import type { Io } from './io.ts';
import { changeTemplate, type Manifest, workloadsOf } from './manifests.ts';
import { rewrite } from './rewrite.ts';
import { type Item, podOf, titleOf } from './workloads.ts';

/** `rollcall uninject` */
export async function uninject(argv: readonly string[], io: Io): Promise<number> {
  const { flags } = parseFlags('uninject', commands.uninject, argv);
  return rewrite(flags, io, 'uninjected', (manifests) => {
    for (const manifest of manifests) uninjectOne(manifest, io);
    return true;
  });
}

function uninjectOne(manifest: Manifest, io: Io): void {
  for (const workload of workloadsOf(manifest)) {
    const operations = operationsOf(podOf(workload));
    io.stderr.write(`${titleOf(workload)}: ${operations.length > 0 ? 'uninjected' : 'unchanged'}\n`);
    if (operations.length > 0) {
      changeTemplate(manifest, workload, (template) => applyOperations(template, operations));
    }
  }
  for (const item of manifest.items.filter(isOurs).reverse()) {
    io.stderr.write(`${titleOf(item)}: removed\n`);
    remove(manifest, item);
  }
}

/** From the stream, or from the List that it is in. */
function remove(manifest: Manifest, { path }: Item): void {
  if (path.length === 0) {
    manifest.dropped = true;
    return;
  }
  const list: Path = path.slice(0, -1);
  const items = at(manifest.after, list) as Fields[];
  const rest: Value = items.toSpliced(path.at(-1) as number, 1);
  manifest.after = replaceAt(manifest.after, list, rest);
}
