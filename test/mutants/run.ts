/**
 * `npm run mutants -- ROOM [--sample N] [--seed S] [--file PART] [--lived]`: changes one token of a room's source
 * at a time and runs the room's tests that execute it, the source's own first. A change that no test notices is
 * behaviour that nobody checks. Not part of CI: a whole room takes an hour.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Covered, coverageFolder, isCovered, readCoverage } from './coverage.ts';
import { EQUIVALENT, equivalentOf } from './equivalent.ts';
import { type Mutant, mutantsOf } from './mutate.ts';
import { sampleOf } from './sample.ts';
import { withTrees } from './syntax.ts';
import { Workshop } from './workshop.ts';

const ROOMS = ['inject', 'watcher', 'webhook'];
/** The number of test runs at a time: as many as a small machine has cores. */
const AT_ONCE = 2;
/** A test file alone, on a busy machine. */
const BASELINE_MS = 300_000;

interface TestFile {
  file: string;
  covered: Covered;
  ms: number;
}
interface Result {
  mutant: Mutant;
  state: 'killed' | 'lived' | 'equivalent';
  by?: string;
}

const worktree = path.resolve(import.meta.dirname, '../..');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    file: { type: 'string', default: '' },
    lived: { type: 'boolean', default: false },
  },
});
const [room = ''] = positionals;
if (!ROOMS.includes(room)) {
  console.error(
    `npm run mutants -- ROOM [--sample N] [--seed S] [--file PART] [--lived]; a ROOM is ${ROOMS.join(', ')}`,
  );
  process.exit(2);
}
const reportFile = path.join(tmpdir(), `rollcall-mutants-${room}.json`);

const workshops = Array.from({ length: AT_ONCE }, () => new Workshop(worktree));
process.once('exit', () => {
  for (const workshop of workshops) workshop.remove();
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const mutants = chosen();
console.log(`${mutants.length} mutants of ${room}`);
const tests = await baseline([...new Set(mutants.map(({ file }) => file))]);
const results: Result[] = [];
await inParallel(mutants, async (mutant, workshop) => {
  const result = await judge(mutant, workshop);
  results.push(result);
  if (result.state === 'lived') console.log(`lived  ${told(mutant)}`);
});
report();

function chosen(): Mutant[] {
  const files = globSync(`src/${room}/**/*.ts`, { cwd: worktree }).sort();
  const all: Mutant[] = [];
  withTrees(worktree, files, (tree, file) => all.push(...mutantsOf(tree, file)));
  const wanted = all.filter(({ file }) => file.includes(values.file));
  if (values.lived) {
    const lived = new Set(
      (JSON.parse(readFileSync(reportFile, 'utf8')) as Result[])
        .filter(({ state }) => state === 'lived')
        .map(({ mutant }) => keyOf(mutant)),
    );
    return wanted.filter((mutant) => lived.has(keyOf(mutant)));
  }
  return values.sample === undefined ? wanted : sampleOf(wanted, Number(values.sample), Number(values.seed));
}

/**
 * Runs every test file of the room once as it is: what it executes, how long it takes, and whether it passes at all.
 */
async function baseline(files: readonly string[]): Promise<TestFile[]> {
  const found: TestFile[] = [];
  const names = globSync(`test/${room}/**/*.test.ts`, { cwd: worktree }).sort();
  await inParallel(names, async (file, workshop) => {
    // A busy machine may fail one that is about time; a second failure is its own.
    for (const isLast of [false, true]) {
      const folder = coverageFolder();
      const began = performance.now();
      const outcome = await workshop.run(file, BASELINE_MS, { NODE_V8_COVERAGE: folder });
      const covered = readCoverage(folder, workshop.root, files);
      if (outcome === 'passed') return void found.push({ file, covered, ms: performance.now() - began });
      if (isLast) console.log(`left out, since it does not pass as it is: ${file}`);
    }
  });
  return found;
}

async function judge(mutant: Mutant, workshop: Workshop): Promise<Result> {
  if (equivalentOf(mutant) !== undefined) return { mutant, state: 'equivalent' };
  const own = mutant.file.replace('src/', 'test/').replace('.ts', '.test.ts');
  const order = tests
    // A program that a test kills tells no coverage, so the source's own tests are always asked.
    .filter(({ file, covered }) => file === own || isCovered(covered, mutant.file, mutant.start))
    .sort((one, other) => Number(other.file === own) - Number(one.file === own) || one.ms - other.ms);
  return workshop.replaced(mutant, async () => {
    for (const { file, ms } of order) {
      // It was measured with coverage, which is slower; the rest is for a machine that is busy.
      if ((await workshop.run(file, 10_000 + 3 * ms)) !== 'passed')
        return { mutant, state: 'killed', by: file };
    }
    return { mutant, state: 'lived' };
  });
}

async function inParallel<T>(
  items: readonly T[],
  work: (item: T, workshop: Workshop) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  await Promise.all(
    workshops.map(async (workshop) => {
      for (const item of queue) await work(item, workshop);
    }),
  );
}

function report(): void {
  writeFileSync(reportFile, JSON.stringify(results));
  const count = (wanted: Result['state']) => results.filter(({ state }) => state === wanted).length;
  const [killed, lived, equivalent] = [count('killed'), count('lived'), count('equivalent')];
  const share = ((100 * killed) / Math.max(1, killed + lived)).toFixed(1);
  console.log(
    `${room}: ${killed} killed, ${lived} lived, ${equivalent} equivalent; ${share} % killed of those that could be`,
  );
  const whole = values.sample === undefined && values.file === '' && !values.lived;
  if (whole) console.log(`equivalent rows in all rooms: ${EQUIVALENT.length}`);
  process.exitCode = lived > 0 ? 1 : 0;
}

function told({ file, line, within, before, after }: Mutant): string {
  return `${file}:${line} ${within}\n    - ${before}\n    + ${after}`;
}

function keyOf({ within, before, after }: Mutant): string {
  return JSON.stringify([within, before, after]);
}
