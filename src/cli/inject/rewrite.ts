/** The steps that inject and uninject share: read, change, print. */

import { isDeepStrictEqual } from 'node:util';
import { UsageError } from '../../config.ts';
import { type Encoding, encode } from '../document/encoding.ts';
import { Unreadable } from '../document/unreadable.ts';
import { DIFF_EXIT, EXIT, type Io, tell } from '../io.ts';
import { named } from '../named.ts';
import { titleOf } from '../workloads.ts';
import { assemble } from './assemble.ts';
import { type InputSource, readSources } from './input.ts';
import { load, type Manifest } from './manifests.ts';
import { asTheyCame, converted, difference } from './output.ts';

export interface RewriteFlags {
  filename: string[];
  kustomize: string | undefined;
  recursive: boolean;
  output: string | undefined;
  diff: boolean;
  /** Whether all pods are injected, also those that do not ask. */
  all?: boolean;
}

/** Changes the manifests. Returns false when the result must not be printed. */
export type DocumentChange = (manifests: readonly Manifest[]) => boolean;

/** Reads, changes and prints. `done` is the word for a changed file in a diff. */
export async function rewrite(
  flags: RewriteFlags,
  io: Io,
  done: string,
  change: DocumentChange,
): Promise<number> {
  if (flags.diff && flags.output !== undefined) {
    throw new UsageError('--diff and --output do not go together; leave one of them out');
  }
  const trouble = flags.diff ? DIFF_EXIT.trouble : EXIT.refused;
  let files: File[];
  try {
    files = await filesOf(flags, io);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    tell(io, `rollcall: ${error.message}`);
    return trouble;
  }
  const manifests = files.flatMap((file) => file.manifests);
  if (!change(manifests)) return trouble;
  if (flags.output !== undefined) {
    io.stdout.write(converted(manifests, flags.output as 'yaml' | 'json'));
    return EXIT.fine;
  }
  return print(files, flags, io, done);
}

interface File {
  source: InputSource;
  manifests: Manifest[];
}

async function filesOf(flags: RewriteFlags, io: Io): Promise<File[]> {
  const sources = await readSources(flags, io);
  const loaded = load(sources, flags.all);
  const unread = loaded.flat().flatMap((manifest) => manifest.unread ?? []);
  // A document that can not be read can not be converted.
  if (flags.output !== undefined && unread[0] !== undefined) throw unread[0];
  for (const { message } of unread) {
    tell(io, `rollcall: ${message}; no object in this document asks for the sidecar, and it stays as it is`);
  }
  return sources.map((source, index) => ({ source, manifests: loaded[index]! }));
}

function print(files: readonly File[], { diff }: RewriteFlags, io: Io, done: string): number {
  const texts = files.map(({ manifests }) => {
    const { text, rewritten } = assemble(manifests);
    for (const { items } of rewritten) {
      tell(io, `${named(items.map(titleOf))}: warning: written anew, without its comments and anchors`);
    }
    return text;
  });
  if (!diff) {
    io.stdout.write(
      encoded(
        asTheyCame(texts),
        files.map(({ source }) => source.encoding),
      ),
    );
    return EXIT.fine;
  }
  const differences = files.map(({ source }, index) => difference(source, texts[index]!, done)).join('');
  io.stdout.write(differences);
  return differences === '' ? DIFF_EXIT.same : DIFF_EXIT.different;
}

/** Encodes the text as the sources are encoded, or in UTF-8 where they differ. */
function encoded(text: string, encodings: readonly Encoding[]): string | Uint8Array {
  const [first, ...others] = encodings;
  if (first === undefined || others.some((one) => !isDeepStrictEqual(one, first))) return text;
  return first.name === 'utf-8' && !first.marked ? text : encode(text, first);
}
