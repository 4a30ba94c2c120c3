/**
 * `npm run mutants -- ROOM [--sample N] [--seed S] [--file PART] [--lived] [--near]`: changes one token of a room's
 * source at a time and runs the room's tests that execute it, the source's own first; then, for what they let live,
 * the tests of other folders that reach the source. A change that no test notices is behaviour that nobody checks.
 * Not part of CI: a whole room takes hours.
 */
import { globSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Covered, coverageFolder, isCovered, readCoverage } from './coverage.ts';
import { EQUIVALENT, equivalentOf } from './equivalent.ts';
import { namedIn, reachedFrom, unitTests } from './imports.ts';
import { type Mutant, mutantsOf } from './mutate.ts';
import { sampleOf } from './sample.ts';
import { withTrees } from './syntax.ts';
import { Workshop } from './workshop.ts';

/** The number of test runs at a time: as many as a small machine has cores. */
const AT_ONCE = 2;
/** A test file alone, on a busy machine. */
const BASELINE_MS = 300_000;

interface TestFile {
  file: string;
  covered: Covered;
  /** The files that it reaches, where it starts the program: one that a test kills tells no coverage. */
  started: ReadonlySet<string>;
  ms: number;
}
/** The program, which tests start by its name. */
const PROGRAM = 'src/main.ts';
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
    near: { type: 'boolean', default: false },
  },
});
const [room = ''] = positionals;
const rooms = readdirSync(path.join(worktree, 'src')).filter((name) => !name.endsWith('.ts'));
if (!rooms.includes(room)) {
  console.error(
    `npm run mutants -- ROOM [--sample N] [--seed S] [--file PART] [--lived] [--near]; a ROOM is ${rooms.join(', ')}`,
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
const files = [...new Set(mutants.map(({ file }) => file))];
const unit = unitTests(worktree);
const near = unit.filter((file) => file.startsWith(`test/${room}/`));
console.log(`${mutants.length} mutants of ${room}, ${near.length} files of tests near them`);
const named = namedIn(worktree);
let results = await judged(mutants, near, files);
if (!values.near) {
  const lived = results.filter(({ state }) => state === 'lived').map(({ mutant }) => mutant);
  const reached = [...new Set(lived.map(({ file }) => file))];
  const further = unit.filter((file) => {
    if (near.includes(file)) return false;
    const all = reachedFrom(file, worktree, named);
    return reached.some((source) => all.has(source));
  });
  console.log(`${lived.length} lived so far, ${further.length} files of tests elsewhere reach them`);
  results = [...results.filter(({ state }) => state !== 'lived'), ...(await judged(lived, further, reached))];
}
report();

function chosen(): Mutant[] {
  const sources = globSync(`src/${room}/**/*.ts`, { cwd: worktree }).sort();
  const all: Mutant[] = [];
  withTrees(worktree, sources, (tree, file) => all.push(...mutantsOf(tree, file)));
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

/** Judges mutants of `sources` by these test files; those that live are told as they are found. */
async function judged(
  wanted: readonly Mutant[],
  names: readonly string[],
  sources: readonly string[],
): Promise<Result[]> {
  const found: Result[] = [];
  if (wanted.length === 0) return found;
  const tests = await baseline(names, sources);
  await inParallel(wanted, async (mutant, workshop) => {
    const result = await judge(mutant, tests, workshop);
    found.push(result);
    if (result.state === 'lived') console.log(`lived  ${told(mutant)}`);
  });
  return found;
}

/** Runs every test file once as it is: what it executes, how long it takes, and whether it passes at all. */
async function baseline(names: readonly string[], sources: readonly string[]): Promise<TestFile[]> {
  const found: TestFile[] = [];
  await inParallel(names, async (file, workshop) => {
    // A busy machine may fail one that is about time; a second failure is its own.
    for (const isLast of [false, true]) {
      const folder = coverageFolder();
      const began = performance.now();
      const outcome = await workshop.run(file, BASELINE_MS, { NODE_V8_COVERAGE: folder });
      const covered = readCoverage(folder, workshop.root, sources);
      if (outcome === 'passed') {
        const reached = reachedFrom(file, worktree, named);
        const started = reached.has(PROGRAM) ? reached : new Set<string>();
        return void found.push({ file, covered, started, ms: performance.now() - began });
      }
      if (isLast) console.log(`left out, since it does not pass as it is: ${file}`);
    }
  });
  return found;
}

/** Asks the tests that execute the mutant, the source's own first and then the quickest, until one fails. */
async function judge(mutant: Mutant, tests: readonly TestFile[], workshop: Workshop): Promise<Result> {
  if (equivalentOf(mutant) !== undefined) return { mutant, state: 'equivalent' };
  const own = mutant.file.replace('src/', 'test/').replace('.ts', '.test.ts');
  const order = tests
    .filter(
      ({ file, covered, started }) =>
        file === own || started.has(mutant.file) || isCovered(covered, mutant.file, mutant.start),
    )
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
