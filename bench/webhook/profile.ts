/**
 * `npm run bench -- profile`: a CPU profile of our webhook under injecting reviews of 6 KB, and the functions
 * that cost the most, with and without what they call.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import packageJson from '../../package.json' with { type: 'json' };
import { prepareBodies } from './bodies.ts';
import { startClusterDouble } from './cluster-double.ts';
import { load } from './load.ts';
import { costs, type ProfileNode, packageOf } from './profile-costs.ts';
import type { Size } from './reviews.ts';
import { startOurs } from './subjects.ts';

const SHOWN = 30;

export async function profile(tell: (sentence: string) => void, size: Size = 6): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-profile-'));
  const cluster = await startClusterDouble();
  const bundle = join(buildWithMaps(folder), 'main.js');
  const ours = await startOurs(cluster, ['--cpu-prof', `--cpu-prof-dir=${folder}`], bundle);
  const { bodies } = await prepareBodies([ours]);
  const asked = {
    bodyFile: bodies(ours, size, 'injecting'),
    kept: true,
    concurrency: 8,
    expect: 'patch',
  } as const;
  const { reviews, cpuSeconds } = await load(ours, { ...asked, cpuSeconds: 8, seconds: 60 });
  ours.started.child.kill('SIGINT');
  await once(ours.started.child, 'exit');
  cluster.stop();
  const file = join(folder, readdirSync(folder).find((name) => name.endsWith('.cpuprofile'))!);
  const { nodes } = JSON.parse(readFileSync(file, 'utf8')) as { nodes: ProfileNode[] };
  const places = sourcePlaces();
  tell(
    `${(reviews / cpuSeconds).toFixed(0)} reviews of ${size} KB for a CPU second, under the profiler: ${file}`,
  );
  const lists = [
    ['by package', costs(nodes, (node) => packageOf(places(node).file)), 'self'],
    ['by function, without what it calls', costs(nodes, (node) => named(places(node))), 'self'],
    ['by function, with what it calls', costs(nodes, (node) => named(places(node))), 'total'],
  ] as const;
  for (const [title, all, by] of lists) {
    tell(`\n${title}, of the time that is not idle`);
    for (const { name, self, total } of all.toSorted((one, other) => other[by] - one[by]).slice(0, SHOWN)) {
      tell(`  ${percent(self)} self ${percent(total)} total  ${name}`);
    }
  }
}

/** The same bundle with source maps: without them all functions of a line are one. */
function buildWithMaps(folder: string): string {
  const script = packageJson.scripts['build:program'].replace(
    '--outdir=dist',
    `--outdir=${folder} --sourcemap`,
  );
  execFileSync('sh', ['-c', script], { stdio: 'inherit', cwd: new URL('../..', import.meta.url) });
  return folder;
}

interface Place {
  name: string;
  /** The source file; empty for work of V8 itself. */
  file: string;
  line: number;
}

function sourcePlaces(): (node: ProfileNode) => Place {
  const maps = new Map<string, SourceMap>();
  const mapOf = (url: string) => {
    const file = fileURLToPath(url);
    if (!maps.has(file)) maps.set(file, new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8'))));
    return maps.get(file)!;
  };
  return ({ callFrame: { functionName, url, lineNumber, columnNumber } }) => {
    const name = functionName || '(anonymous)';
    if (!url.startsWith('file:')) return { name, file: url, line: lineNumber + 1 };
    const entry = mapOf(url).findEntry(lineNumber, columnNumber);
    if (!('originalSource' in entry)) return { name, file: url, line: lineNumber + 1 };
    return { name, file: entry.originalSource, line: entry.originalLine + 1 };
  };
}

function named({ name, file, line }: Place): string {
  return file === ''
    ? name
    : `${name}  ${file.replace(/^.*node_modules\//, '').replace(/^(\.\.\/)+.*?src\//, 'src/')}:${line}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1).padStart(5)} %`;
}
