/**
 * `node release/run.ts STEP [--dry-run]`: one step of a release, as the workflow runs it. The steps are `agree`,
 * `images`, `chart`, `package` and `page`, in this order. With --dry-run a step prints its commands and runs none.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { disagreements } from './agreement.ts';
import { sectionOf } from './changelog.ts';
import { factsOf } from './facts.ts';
import {
  baseDigest,
  buildImage,
  type Command,
  IMAGES,
  imageName,
  installation,
  metadataFile,
  OUT,
  packChart,
  publishPackage,
  publishRelease,
  pushChart,
  renderInstallation,
  sign,
} from './steps.ts';

/** The placeholder of a digest that is known only when the commands run. */
const UNKNOWN_DIGEST = 'sha256:DIGEST';

const { values, positionals } = parseArgs({
  options: { 'dry-run': { type: 'boolean', default: false } },
  allowPositionals: true,
});
const dryRun = values['dry-run'];
process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const steps: Readonly<Record<string, () => void>> = { agree, images, chart, package: npmPackage, page };
const step = steps[positionals[0] ?? ''];
if (step === undefined || positionals.length !== 1) {
  console.error(`release: "${positionals.join(' ')}" is no step; there are ${Object.keys(steps).join(' ')}`);
  process.exit(2);
}
try {
  step();
} catch (error) {
  console.error(`release: ${(error as Error).message}`);
  process.exit(1);
}

function agree(): void {
  const text = (file: string) => readFileSync(file, 'utf8');
  const found = disagreements({
    version: JSON.parse(text('package.json')).version,
    tag: process.env.TAG ?? '',
    deployment: text('deploy/webhook.yaml'),
    chart: existsSync('deploy/chart/Chart.yaml') ? text('deploy/chart/Chart.yaml') : undefined,
    changelog: text('CHANGELOG.md'),
    security: text('SECURITY.md'),
  });
  if (found.length > 0) throw new Error(found.join('\n         '));
  console.log('all files agree about the version');
}

function images(): void {
  const facts = factsOf(process.env);
  if (!dryRun) mkdirSync(OUT, { recursive: true });
  const base = captured(baseDigest).trim() || UNKNOWN_DIGEST;
  for (const kind of IMAGES) {
    run(buildImage(facts, kind, base));
    run(sign(imageName(facts), digestIn(metadataFile(kind))));
  }
}

function chart(): void {
  const facts = factsOf(process.env);
  run(packChart(facts));
  const [digest = UNKNOWN_DIGEST] = /sha256:[0-9a-f]{64}/.exec(captured(pushChart(facts))) ?? [];
  if (!dryRun && digest === UNKNOWN_DIGEST) throw new Error('helm did not say what it has pushed');
  run(sign(`${facts.registry}/charts/rollcall`, digest));
}

function npmPackage(): void {
  run(publishPackage);
}

function page(): void {
  const facts = factsOf(process.env);
  const [plain] = IMAGES;
  write('kustomization.yaml', installation(facts, digestIn(metadataFile(plain!))));
  write('notes.md', sectionOf(readFileSync('CHANGELOG.md', 'utf8'), facts.version) ?? '');
  write('install.yaml', captured(renderInstallation));
  run(publishRelease(facts));
}

function write(name: string, text: string): void {
  console.log(`> ${OUT}/${name}`);
  if (dryRun) return;
  mkdirSync(OUT, { recursive: true });
  writeFileSync(`${OUT}/${name}`, text);
}

/** The digest that the builder has left. */
function digestIn(file: string): string {
  if (dryRun) return UNKNOWN_DIGEST;
  const digest = JSON.parse(readFileSync(file, 'utf8'))['containerimage.digest'];
  if (typeof digest !== 'string') throw new Error(`${file} has no digest; the image was not pushed`);
  return digest;
}

function run(command: Command): void {
  execute(command, 'inherit');
}

/** Returns what a command prints; an empty text in a dry run. */
function captured(command: Command): string {
  return execute(command, 'pipe');
}

function execute([program, ...args]: Command, stdout: 'inherit' | 'pipe'): string {
  console.log(`+ ${[program, ...args].map(quoted).join(' ')}`);
  if (dryRun) return '';
  const done = spawnSync(program, args, { stdio: ['ignore', stdout, 'inherit'], encoding: 'utf8' });
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0) throw new Error(`${program} ended with ${done.status}`);
  return done.stdout ?? '';
}

/** Returns the word quoted for a shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
