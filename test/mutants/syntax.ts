import path from 'node:path';
import type { SourceFile } from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';

/** Calls `use` with the syntax tree of each of these files, as the project's own TypeScript reads them. */
export function withTrees(
  root: string,
  files: readonly string[],
  use: (tree: SourceFile, file: string) => void,
): void {
  const api = new API();
  try {
    const [project] = api.updateSnapshot({ openProjects: [path.join(root, 'tsconfig.json')] }).getProjects();
    for (const file of files) {
      const tree = project?.program.getSourceFile(path.join(root, file));
      if (tree === undefined) throw new Error(`${file} is not part of the project; look at tsconfig.json`);
      use(tree, file);
    }
  } finally {
    api.close();
  }
}
