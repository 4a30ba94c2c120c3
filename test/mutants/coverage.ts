import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

interface Range {
  startOffset: number;
  endOffset: number;
  count: number;
}
interface Report {
  result: { url: string; functions: { ranges: Range[] }[] }[];
}

/** What one run of a test file executed, in all of its processes: for each source file, the ranges of each process. */
export type Covered = ReadonlyMap<string, readonly Range[][]>;

export function coverageFolder(): string {
  return mkdtempSync(path.join(tmpdir(), 'rollcall-coverage-'));
}

/** Reads what V8 wrote about `files`, and removes the folder. Types are stripped in place, so its offsets are ours. */
export function readCoverage(folder: string, root: string, files: readonly string[]): Covered {
  const urls = new Map(files.map((file) => [pathToFileURL(path.join(root, file)).href, file]));
  const covered = new Map<string, Range[][]>();
  for (const name of readdirSync(folder)) {
    const { result } = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as Report;
    for (const { url, functions } of result) {
      const file = urls.get(url);
      if (file === undefined) continue;
      covered.set(file, [...(covered.get(file) ?? []), functions.flatMap(({ ranges }) => ranges)]);
    }
  }
  rmSync(folder, { recursive: true, force: true });
  return covered;
}

/** Tells whether any process executed the code at this offset: the innermost range decides. */
export function isCovered(covered: Covered, file: string, offset: number): boolean {
  return (covered.get(file) ?? []).some((ranges) => {
    let innermost: Range | undefined;
    for (const range of ranges) {
      if (offset < range.startOffset || offset >= range.endOffset) continue;
      const length = range.endOffset - range.startOffset;
      if (innermost === undefined || length <= innermost.endOffset - innermost.startOffset) innermost = range;
    }
    return innermost !== undefined && innermost.count > 0;
  });
}
