/**
 * `npm run bench -- [webhook] [sidecar] [cluster] [scale]`: without a name, the sidecar and the webhook. Tables go to
 * stdout, all numbers to bench/last-run.json. Absolute times depend on the machine; quote the ratios.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readBudgets, type Verdict, verdicts } from './budgets.ts';
import { facts } from './facts.ts';
import { writePages } from './page/page.ts';
import { allFigures, joined, type Run } from './run-file.ts';
import { table } from './table.ts';

const LAST_RUN = new URL('last-run.json', import.meta.url);
const PARTS = ['sidecar', 'webhook', 'cluster', 'scale', 'profile'] as const;
type Part = (typeof PARTS)[number];

const USAGE = `usage: npm run bench -- [webhook] [sidecar] [cluster] [scale] [--short] [--check] [--write]

  webhook, sidecar, cluster   what is measured; without one, sidecar and webhook
  scale                       what many watchers of one group cost a real API server
  profile                     a CPU profile of the webhook
  --short                     fewer cases and repeats
  --check                     the short form of the webhook next to Go stdlib alone, and failure past a budget of bench/budgets.json
  --turns N, --reviews N      another number of repeats, and of reviews before the memory is read
  --write                     writes docs/performance.md and docs/scale.md from bench/last-run.json, after what is measured`;

const tell = (sentence: string) => console.error(sentence);

const { positionals, values } = parse();
const named = [...new Set(positionals)] as Part[];
const parts: Part[] =
  named.length > 0 ? named : values.check ? ['webhook'] : values.write ? [] : ['sidecar', 'webhook'];
const short = values.short || values.check;

const run: Run = { facts: facts(), form: short ? 'short' : 'full' };
console.log(table(Object.entries(run.facts).map(([name, value]) => [name, `${value}`])));
for (const part of parts) await measure(part);
if (run.sidecar ?? run.webhook ?? run.cluster ?? run.scale) save(run);
if (values.write) writePages(JSON.parse(readFileSync(LAST_RUN, 'utf8')));
process.exit(values.check && !(await holds()) ? 1 : 0);

function parse() {
  try {
    const flag = { type: 'boolean' } as const;
    const number = { type: 'string' } as const;
    const options = { short: flag, check: flag, write: flag, turns: number, reviews: number };
    const parsed = parseArgs({ options, allowPositionals: true });
    const unknown = parsed.positionals.find((name) => !PARTS.includes(name as Part));
    if (unknown === undefined) return parsed;
    throw new Error(`"${unknown}" can't be measured`);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

function counted(name: 'turns' | 'reviews', otherwise: number): number {
  const given = values[name];
  if (given === undefined) return otherwise;
  const count = Number(given);
  if (Number.isInteger(count) && count > 0) return count;
  console.error(`--${name}: "${given}" is not a count; give a whole number above 0`);
  process.exit(2);
}

/** Measures a part, which is loaded when it runs. */
async function measure(part: Part): Promise<void> {
  if (part === 'sidecar') {
    const [{ sidecarBench }, { sidecarTables }] = await Promise.all([
      import('./sidecar/sidecar.ts'),
      import('./sidecar/tables.ts'),
    ]);
    run.sidecar = await sidecarBench(short ? 'short' : 'full', tell);
    console.log(`\n${sidecarTables(run.sidecar)}`);
    return;
  }
  if (part === 'profile') return (await import('./webhook/profile.ts')).profile(console.log);
  if (part === 'cluster') {
    const [{ clusterBench }, { clusterTables }] = await Promise.all([
      import('./cluster/cluster.ts'),
      import('./cluster/tables.ts'),
    ]);
    run.cluster = await clusterBench(short ? 'short' : 'full', tell);
    if (run.cluster !== undefined) console.log(`\n${clusterTables(run.cluster)}`);
    return;
  }
  if (part === 'scale') {
    const [{ scaleBench }, { scaleTables }] = await Promise.all([
      import('./scale/scale.ts'),
      import('./scale/tables.ts'),
    ]);
    run.scale = await scaleBench(short ? 'short' : 'full', tell);
    if (run.scale !== undefined) console.log(`\n${scaleTables(run.scale)}`);
    return;
  }
  const [{ webhookBench }, { FULL, SHORT }, { webhookTables }] = await Promise.all([
    import('./webhook/webhook.ts'),
    import('./webhook/cases.ts'),
    import('./webhook/tables.ts'),
  ]);
  // The check needs the yardstick alone.
  const form = values.check ? SHORT : short ? { ...SHORT, subjects: FULL.subjects } : FULL;
  const turns = counted('turns', form.turns);
  const reviews = counted('reviews', form.reviews);
  run.webhook = await webhookBench({ ...form, turns, reviews }, tell);
  if (run.webhook !== undefined) console.log(`\n${webhookTables(run.webhook)}`);
}

/**
 * Saves the run. Parts that it has not measured stay as an earlier run of the same commit on the same machine had
 * them.
 */
function save(current: Run): void {
  const earlier = existsSync(LAST_RUN) ? (JSON.parse(readFileSync(LAST_RUN, 'utf8')) as Run) : current;
  writeFileSync(LAST_RUN, `${JSON.stringify(joined(earlier, current), undefined, 1)}\n`);
  console.log('\nall numbers: bench/last-run.json');
}

/**
 * Returns whether the budgets hold. Where one does not, the webhook is measured a second time, since another program may
 * have had the machine for a moment; what has become slower misses it again.
 */
async function holds(): Promise<boolean> {
  const judge = () => judged(verdicts(readBudgets(), allFigures(run)));
  if (judge()) return true;
  if (!parts.includes('webhook')) return false;
  console.log('\na budget is missed: the webhook is measured once more, and what is missed again fails');
  await measure('webhook');
  return judge();
}

function judged(all: readonly Verdict[]): boolean {
  const rows = all
    .filter(({ value }) => value !== undefined)
    .map(({ figure, value, limit, goal, better, passes, reached }) => [
      figure,
      value!.toFixed(2),
      `${better === 'more' ? 'at least' : 'at most'} ${limit.toFixed(2)}`,
      `goal ${goal}${reached ? ', reached' : ''}`,
      passes ? 'ok' : 'FAILED',
    ]);
  console.log(`\nbudgets\n${rows.length > 0 ? table(rows) : '  none was measured, so none has failed'}`);
  return all.every(({ passes }) => passes);
}
