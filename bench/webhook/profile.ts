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
import type { Size } from './reviews.ts';
import { startOurs } from './subjects.ts';

/** A node of a .cpuprofile of V8, with only what is read here. */
export interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number; columnNumber: number };
  hitCount: number;
  children?: number[];
}

export interface Cost {
  name: string;
  /** Shares of all samples, without and with what it calls. */
  self: number;
  total: number;
}

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
  /** Of the source; empty for what V8 does itself. */
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

/** The package, the folder of our own sources, or Node itself. */
export function packageOf(file: string): string {
  const inPackage = /node_modules\/((?:@[^/]+\/)?[^/]+)/g;
  const last = [...file.matchAll(inPackage)].at(-1)?.[1];
  if (last !== undefined) return last;
  if (file.startsWith('node:')) return `node:${file.slice(5).split('/')[0]}`;
  return /src\/[^/]+/.exec(file)?.[0] ?? '(V8 and system calls)';
}

/** The time of each function, added up over all places from which it is called. */
export function costs(nodes: readonly ProfileNode[], nameOf: (node: ProfileNode) => string): Cost[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const found = new Map<string, { self: number; total: number }>();
  const busy = nodes.reduce((sum, node) => sum + (isIdle(node) ? 0 : node.hitCount), 0);
  const walk = (node: ProfileNode, above: ReadonlySet<string>): number => {
    const name = nameOf(node);
    const inside = new Set([...above, name]);
    const below = (node.children ?? []).reduce((sum, id) => sum + walk(byId.get(id)!, inside), 0);
    const whole = below + (isIdle(node) ? 0 : node.hitCount);
    const cost = found.get(name) ?? { self: 0, total: 0 };
    cost.self += isIdle(node) ? 0 : node.hitCount;
    // A function that calls itself is counted once.
    if (!above.has(name)) cost.total += whole;
    found.set(name, cost);
    return whole;
  };
  if (nodes.length > 0) walk(nodes[0]!, new Set());
  return [...found].map(([name, { self, total }]) => ({ name, self: self / busy, total: total / busy }));
}

function isIdle({ callFrame: { functionName } }: ProfileNode): boolean {
  return functionName === '(idle)';
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1).padStart(5)} %`;
}
