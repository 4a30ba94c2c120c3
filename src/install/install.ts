import { chmod, copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { UsageError } from '../config.ts';

/**
 * The command `rollcall install DIR`. It copies Node, the libraries that Node is linked with, and the
 * program, so that the image of an application can run them from a shared volume. The image may have another
 * C library, or none.
 */
export async function install(argv: readonly string[]): Promise<void> {
  if (argv.some((word) => word === '--help' || word === '-h')) return say(help);
  const [given, ...more] = argv;
  if (given === undefined || given.startsWith('-'))
    throw new UsageError('DIR is missing; give a directory to copy into: rollcall install DIR');
  if (more.length > 0) throw new UsageError(`"${more[0]}" is not expected; give one directory`);
  const directory = resolve(given);
  const files = [...(await runtime()), ...(await program())];
  try {
    for (const folder of ['bin', 'lib', 'app']) await mkdir(join(directory, folder), { recursive: true });
    for (const { from, to, mode } of files) {
      await replace(join(directory, to), mode, (temporary) => copyFile(from, temporary));
    }
    await writeText(join(directory, 'app', 'package.json'), '{"type":"module"}\n', 0o644);
    const loader = files.find(({ to }) => isLoader(to))?.to;
    // The launchers come last, so that a launcher is never there without the files that it needs.
    await writeText(join(directory, 'rollcall'), launcher('', loader), 0o755);
    await writeText(join(directory, 'peer-finder'), launcher('peer-finder', loader), 0o755);
  } catch (error) {
    throw explained(directory, error as NodeJS.ErrnoException);
  }
  say(`rollcall ${packageJson.version} is in ${directory}: rollcall, peer-finder`);
}

interface Copied {
  from: string;
  /** The path below the directory. */
  to: string;
  mode: number;
}

/** The parts of `process.report` that Node's types leave out. */
interface InstallReport {
  excludeNetwork: boolean;
  getReport(): { sharedObjects: string[] };
}

/**
 * Returns the binary of Node and the libraries that the loader has loaded, each under the name by which the
 * loader looks for it.
 */
async function runtime(): Promise<Copied[]> {
  // The report is made without the names of hosts, because looking them up can take seconds.
  const { report } = process as unknown as { report: InstallReport };
  report.excludeNetwork = true;
  const { sharedObjects } = report.getReport();
  // linux-vdso comes from the kernel and is no file.
  const libraries = sharedObjects.filter((path) => path.includes('/'));
  // The launcher starts Node through the loader. Then execPath is the loader, and argv0 is Node.
  const node = isLoader(process.execPath) ? process.argv0 : process.execPath;
  return [
    { from: node, to: 'bin/node', mode: 0o755 },
    ...libraries
      .filter((path) => resolve(path) !== resolve(node))
      .map((path) => ({ from: path, to: `lib/${basename(path)}`, mode: 0o755 })),
  ];
}

function isLoader(path: string): boolean {
  return /^ld-.*\.so/.test(basename(path));
}

/** Returns the files of the bundle that this code is a part of. */
async function program(): Promise<Copied[]> {
  const from = import.meta.dirname;
  if (import.meta.filename.endsWith('.ts'))
    throw new UsageError(
      'this runs from its sources; build it and give the command to the program: npm run build && node dist/main.js install DIR',
    );
  const files = (await readdir(from)).filter((file) => file.endsWith('.js'));
  return files.map((file) => ({ from: join(from, file), to: `app/${file}`, mode: 0o644 }));
}

function writeText(path: string, text: string, mode: number): Promise<void> {
  return replace(path, mode, (temporary) => writeFile(temporary, text));
}

/**
 * Replaces a file at once: everybody sees the old file or the new one, and a program that runs from the old
 * file goes on.
 */
async function replace(
  path: string,
  mode: number,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.new`;
  try {
    await write(temporary);
    await chmod(temporary, mode);
    await rename(temporary, path);
  } catch (error) {
    // The error that is thrown says why; one of the removal would hide it.
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

function explained(directory: string, { code, message }: NodeJS.ErrnoException): Error {
  const advice: Record<string, string> = {
    EACCES: 'make it writable for this user, with fsGroup in the pod for example',
    EROFS: 'mount it without readOnly',
    ENOSPC: 'raise the sizeLimit of the volume: it takes 140 MiB',
    ENOTDIR: 'give the path of a directory',
    EEXIST: 'give the path of a directory',
  };
  return new UsageError(
    `DIR: "${directory}" can't be filled (${message}); ${advice[code ?? ''] ?? 'give another directory'}`,
  );
}

/**
 * Returns the launcher, a shell script, because the kernel can't be told to look for the loader beside the
 * program. LD_PRELOAD and NODE_OPTIONS of the application's image are not meant for this runtime: they are
 * kept and given to the hooks. As the first process of a container the shell stays: it reaps orphaned
 * processes, which Node can not do, and passes signals on.
 */
export function launcher(command: string, loader: string | undefined): string {
  const node = '"$here/bin/node"';
  const start = loader === undefined ? node : `"$here/${loader}" --library-path "$here/lib" ${node}`;
  const program = `${start} "$here/app/main.js" ${command === '' ? '' : `${command} `}"$@"`;
  return `#!/bin/sh
# Written by "rollcall install".
self=$0
if [ -h "$self" ]; then self=$(readlink -f "$self"); fi
case $self in
  */*) here=$(CDPATH= cd "\${self%/*}" && pwd) || exit 1 ;;
  *) here=$PWD ;;
esac
if [ -n "\${LD_PRELOAD-}" ]; then export ROLLCALL_LD_PRELOAD="$LD_PRELOAD"; unset LD_PRELOAD; fi
if [ -n "\${NODE_OPTIONS-}" ]; then export ROLLCALL_NODE_OPTIONS="$NODE_OPTIONS"; unset NODE_OPTIONS; fi
[ $$ -eq 1 ] || exec ${program}

# The first process of a container.
${program} &
child=$!
trap 'kill -TERM "$child"' TERM
trap 'kill -INT "$child"' INT
while :; do
  wait "$child"
  status=$?
  # A signal ends the wait, not the program.
  kill -0 "$child" 2>/dev/null || break
done
exit "$status"
`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

const help = `usage: rollcall install DIR

Copies the runtime, its libraries and the program into DIR, with the launchers DIR/rollcall and
DIR/peer-finder. They run in any image of the same processor architecture that has /bin/sh.
Files are replaced one by one, each at once; DIR may have those of another version.`;
