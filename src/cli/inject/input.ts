import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { promisify } from 'node:util';
import { UsageError } from '../../config.ts';
import { type Decoded, decode } from '../document/encoding.ts';
import { Unreadable } from '../document/unreadable.ts';
import type { Io } from '../io.ts';
import { reasonOf } from '../system-error.ts';

/** A stream of documents with its name and its encoding. */
export interface InputSource extends Decoded {
  name: string;
}

export interface InputFlags {
  filename: readonly string[];
  kustomize: string | undefined;
  recursive: boolean;
}

/** The names of files that are read from a directory, as kubectl chooses them. */
const EXTENSION = /\.(ya?ml|json)$/;
/** The largest file, or output of kustomize, that is read. A rendered chart with its CRDs has a few megabytes. */
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * Reads all files, in the order given. Throws a `UsageError` when there are none or a file can't be opened,
 * and `Unreadable` when a file is no text.
 */
export async function readSources(flags: InputFlags, io: Io): Promise<InputSource[]> {
  const { filename, kustomize, recursive } = flags;
  if (filename.length === 0 && kustomize === undefined) {
    throw new UsageError('nothing to read; give -f FILE, -f - for standard input, or -k DIR');
  }
  if (filename.filter((name) => name === '-').length > 1) {
    throw new UsageError('-f: "-" is given twice; standard input can be read once');
  }
  const read: InputSource[] = [];
  for (const name of filename) read.push(...(await readOne(name, recursive, io)));
  if (kustomize !== undefined) read.push(sourceOf(kustomize, Buffer.from(await built(kustomize, io))));
  return read;
}

async function readOne(name: string, recursive: boolean, io: Io): Promise<InputSource[]> {
  if (name === '-') return [sourceOf('stdin', await wholeOf(io.stdin, name))];
  const files = await attempt(name, async () =>
    (await stat(name)).isDirectory() ? filesIn(name, recursive) : [name],
  );
  if (files.length === 0) {
    throw new UsageError(`-f: "${name}" has no .yaml, .yml or .json in it; --recursive looks further down`);
  }
  return Promise.all(
    files.map(async (file) =>
      sourceOf(file, await attempt(file, () => wholeOf(createReadStream(file), file))),
    ),
  );
}

/** Reads a file to its end, which a device or a pipe may not have. Throws `UsageError` where it is too far off. */
async function wholeOf(pieces: AsyncIterable<Uint8Array | string>, name: string): Promise<Buffer> {
  const read: Buffer[] = [];
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    if (length > MAX_BYTES)
      throw new UsageError(`-f: "${name}" has more than ${MAX_BYTES} bytes; give it in parts`);
    read.push(Buffer.from(piece));
  }
  return Buffer.concat(read);
}

/** Decodes the bytes of a file. Throws `Unreadable` with the name and the line. */
function sourceOf(name: string, bytes: Uint8Array): InputSource {
  try {
    return { name, ...decode(bytes) };
  } catch (error) {
    throw error instanceof Unreadable ? error.in(name) : error;
  }
}

async function filesIn(directory: string, recursive: boolean): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive });
  return entries
    .filter((entry) => !entry.isDirectory() && EXTENSION.test(entry.name))
    .map((entry) => joinPath(entry.parentPath, entry.name))
    .sort();
}

async function attempt<T>(name: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // kubectl fetches what is at a URL.
    if (/^https?:/.test(name))
      throw new UsageError(`-f: "${name}" is a URL; nothing is fetched here, so give its content by -f -`);
    throw new UsageError(`-f: "${name}" can't be read (${reasonOf(error)}); give a file, a directory or -`);
  }
}

async function built(directory: string, io: Io): Promise<string> {
  try {
    const options = { env: io.env as NodeJS.ProcessEnv, maxBuffer: MAX_BYTES };
    return (await promisify(execFile)('kubectl', ['kustomize', directory], options)).stdout;
  } catch (error) {
    const { code, stderr } = error as { code?: string | number; stderr?: string };
    if (code === 'ENOENT')
      throw new UsageError(
        `-k: "${directory}" needs kubectl, which is not on the PATH; install it, or give its output by -f -`,
      );
    throw new UsageError(`-k: "${directory}" can't be built; kubectl kustomize says: ${stderr?.trim()}`);
  }
}
