import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** The scripts of package.json that run the tests which take nothing but Node. */
const SCRIPTS = ['test:unit', 'test:simulation'];

/** The files of all tests that take nothing but Node, as package.json has them. */
export function unitTests(root: string): string[] {
  const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const patterns = SCRIPTS.flatMap((name) => scripts[name]?.match(/(?<=")[^"]+(?=")/g) ?? []);
  return globSync(patterns, { cwd: root }).sort();
}

/**
 * Returns the files that `file` reaches, itself among them: by imports, and by the names of programs that it starts,
 * which are texts that name a file beside it or from the root.
 */
export function reachedFrom(file: string, root: string, named = namedIn(root)): Set<string> {
  const reached = new Set([file]);
  for (const from of reached) for (const to of named(from)) reached.add(to);
  return reached;
}

/** Returns what finds the files that a file names, and reads each file once. */
export function namedIn(root: string): (file: string) => readonly string[] {
  const known = new Map<string, readonly string[]>();
  return (file) => {
    const before = known.get(file);
    if (before !== undefined) return before;
    const texts = readFileSync(path.join(root, file), 'utf8').match(/(?<=['"`])[\w./-]+\.ts(?=['"`])/g) ?? [];
    const found = new Set(
      texts.flatMap((text) => [path.join(path.dirname(file), text), path.normalize(text)]),
    );
    const files = [...found].filter((name) => !name.startsWith('..') && isFile(path.join(root, name)));
    known.set(file, files);
    return files;
  };
}

function isFile(name: string): boolean {
  return existsSync(name) && statSync(name).isFile();
}
