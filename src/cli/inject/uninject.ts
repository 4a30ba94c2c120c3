import { isDeepStrictEqual } from 'node:util';
import { uninject as operationsOf } from '../../inject/uninject.ts';
import { commands } from '../commands.ts';
import { applyOperations } from '../document/operations.ts';
import { pointerOf } from '../document/texts.ts';
import { at, type Fields, type Path, replaceAt, type Value } from '../document/value.ts';
import { parseFlags } from '../flags.ts';
import { type Io, tell } from '../io.ts';
import { type Item, podOf, titleOf } from '../workloads.ts';
import { isOurs } from './access-objects.ts';
import { changeTemplate, type Manifest, placeOfTemplate, workloadsOf } from './manifests.ts';
import { misshapen } from './misshapen.ts';
import { textsOf, withNulls } from './remembered.ts';
import { rewrite } from './rewrite.ts';

/** The command `rollcall uninject`. */
export async function uninject(argv: readonly string[], io: Io): Promise<number> {
  const { flags } = parseFlags('uninject', commands.uninject, argv);
  return rewrite(flags, io, 'uninjected', (manifests) => {
    for (const manifest of manifests) uninjectOne(manifest, io);
    return true;
  });
}

function uninjectOne(manifest: Manifest, io: Io): void {
  const ours = manifest.items.filter(isOurs);
  for (const workload of workloadsOf(manifest)) {
    const operations = misshapen(workload).length === 0 ? operationsOf(podOf(workload)) : [];
    tell(io, `${titleOf(workload)}: ${operations.length > 0 ? 'uninjected' : 'unchanged'}`);
    if (operations.length === 0) continue;
    const texts = textsOf(at(workload.object, workload.templatePath)!);
    changeTemplate(manifest, workload, (template) => withNulls(applyOperations(template, operations), texts));
    const place = pointerOf(settled(placeOfTemplate(workload), ours));
    const restored = Object.entries(texts).map(([pointer, text]) => [place + pointer, text]);
    manifest.restored = { ...manifest.restored, ...Object.fromEntries(restored) };
  }
  for (const item of ours.toReversed()) {
    tell(io, `${titleOf(item)}: removed`);
    remove(manifest, item);
  }
}

/** Returns the path after the removed items are gone from the Lists on its way. */
function settled(path: Path, going: readonly Item[]): Path {
  return path.map((step, depth) => {
    const above = path.slice(0, depth);
    const before = going.filter(
      ({ path: one }) => one.length === depth + 1 && isDeepStrictEqual(one.slice(0, -1), above),
    );
    return typeof step === 'number'
      ? step - before.filter((one) => Number(one.path.at(-1)) < step).length
      : step;
  });
}

/** Removes an item from the stream, or from its List. */
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
