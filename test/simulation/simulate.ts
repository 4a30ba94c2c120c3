import { parseArgs } from 'node:util';
import { simulate, type Verdict } from './simulation.ts';

/** `node test/simulation/simulate.ts [--seeds 1000] [--from 1] [--seed N] [--verbose]` */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});

const first = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.seeds) : 1;
const began = performance.now();
let failed = 0;
for (let seed = first; seed < first + count; seed += 1) {
  const verdict = await simulate(seed, values.verbose ? { log: console.log } : {});
  if (verdict.violations.length > 0) failed += 1;
  for (const line of complaint(verdict)) console.log(line);
}
const cpu = process.cpuUsage().user / 1e6;
const seconds = (performance.now() - began) / 1000;
console.log(`${count} seeds, ${failed} failed, ${seconds.toFixed(1)} s, ${cpu.toFixed(1)} s CPU`);
process.exitCode = failed > 0 ? 1 : 0;

function* complaint({ seed, violations }: Verdict): Generator<string> {
  if (violations.length === 0) return;
  for (const { rule, at, message } of violations.slice(0, 3)) {
    yield `seed ${seed}: ${rule} at ${(at / 1000).toFixed(3)} s: ${message}`;
  }
  yield `replay: npm run simulate -- --seed ${seed}`;
}
