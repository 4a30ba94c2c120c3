import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { DNS_FAULTS } from './dns-faults.ts';
import { FAULTS } from './faults.ts';
import { simulate } from './simulation.ts';

const SEEDS = Number(process.env.SIMULATION_SEEDS ?? 1000);

/** Beside every fault: what must have come of them for a run to mean anything. */
const CONSEQUENCES = [
  ...[400, 401, 403, 410, 429, 500, 503, 504].map((code) => `refused with ${code}`),
  ...['disconnected', 'forbidden', 'unauthorized', 'partial', 'dns'].map((reason) => `stale: ${reason}`),
  'a reader that was behind got a snapshot',
  'a reader was refused',
  'a stuck reader was disconnected',
  'etcd was restored',
  'the watch loop was wedged',
];

test(`${SEEDS} seeds keep every rule`, async (t) => {
  const failures: string[] = [];
  const happened = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const verdict = await simulate(seed);
    for (const event of verdict.happened) happened.add(event);
    const [first] = verdict.violations;
    if (first === undefined) continue;
    failures.push(`${first.rule}: ${first.message}\n  replay: npm run simulate -- --seed ${seed}`);
  }
  assert.deepEqual(failures, []);
  if (SEEDS < 1000) {
    t.diagnostic('too few seeds to say whether everything happened');
    return;
  }
  const expected = [...[...FAULTS, ...DNS_FAULTS].map(({ name }) => name), ...CONSEQUENCES];
  assert.deepEqual(
    expected.filter((event) => !happened.has(event)),
    [],
    'this never happened',
  );
});

test('a seed tells the same story every time', async () => {
  for (const seed of [3, 17, 73]) {
    const [once, again]: string[][] = [[], []];
    await simulate(seed, { log: (line) => once!.push(line) });
    await simulate(seed, { log: (line) => again!.push(line) });
    assert.ok(once!.length > 5);
    assert.deepEqual(once, again);
  }
});

test('what judges knows nothing of the watcher but its types', async () => {
  const makers = /^(api-upstream|dns-upstream|simulation)\.ts$/;
  const folder = new URL('.', import.meta.url);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.ts') && !makers.test(file));
  assert.ok(files.includes('validator.ts'));
  for (const file of files) {
    const imports = (await readFile(new URL(file, folder), 'utf8')).match(/^import [^;]*src\/watcher[^;]*/gm);
    for (const one of imports ?? []) assert.match(one, /^import type /, file);
  }
});
