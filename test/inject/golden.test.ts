/**
 * test/golden: what comes in (NAME.input.json), the patch that goes out (NAME.patch.json) and why
 * (NAME.report.json). `npm run golden` writes the last two anew: read the difference before committing.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { keys } from '../../src/inject/annotations.ts';
import type { Context, Report } from '../../src/inject/inject.ts';
import type { Operation } from '../../src/inject/operations.ts';
import type { Install } from '../../src/inject/plan.ts';
import type { LimitRangeItem, Pod } from '../../src/inject/pod.ts';
import { codes } from '../../src/inject/problem.ts';
import { applied, secondPass } from './api-server.ts';
import { INSTALL, injected } from './pods.ts';

interface Input {
  /** What the case is about: one thing. */
  about: string;
  namespace: {
    name: string;
    labels: Record<string, string>;
    annotations?: Record<string, string>;
    limits?: LimitRangeItem[];
  };
  /** Where the installation is another than usual; null leaves a part of it out. */
  install?: Partial<Omit<Install, 'shellImage'>> & { shellImage?: null };
  dryRun?: boolean;
  pod: Pod;
  /** The pod is seen again: injected and filled in, and with this done to it by others. */
  seen?: Operation[];
}

const directory = fileURLToPath(new URL('../golden/', import.meta.url));
const names = readdirSync(directory)
  .filter((file) => file.endsWith('.input.json'))
  .map((file) => file.split('.')[0]!);
const inputs = new Map(names.map((name) => [name, read(`${name}.input.json`) as Input]));
const format = { serializers: [(value: unknown) => `${JSON.stringify(value, null, 2)}\n`] };

function read(file: string): unknown {
  return JSON.parse(readFileSync(directory + file, 'utf8'));
}

function contextOf({ namespace, install = {}, dryRun = false }: Input): Context {
  const { shellImage, ...rest } = { ...INSTALL, ...install };
  return {
    namespace: { annotations: {}, ...namespace },
    install: shellImage === null ? rest : { ...rest, shellImage },
    dryRun,
  };
}

function podOf({ pod, seen }: Input, context: Context): Pod {
  return seen === undefined ? pod : applied(secondPass(applied(pod, injected(pod, context).patch)), seen);
}

/** Without the patch, which has a file of its own, the plan that stands in it, and what nobody has said. */
function reportOf({ decision, plan, warnings }: Report) {
  if (decision.kind !== 'inject' || plan === undefined) return { decision, warnings };
  const { kind, options, origins } = decision;
  const said = origins.filter(({ from }) => from !== 'default');
  return {
    decision: {
      kind,
      options,
      origins: said.map(({ key, value, from }) => `${key}: ${value} (${from})`),
    },
    account: { choice: plan.account, name: plan.accountName },
    status: JSON.parse(plan.status),
    warnings,
  };
}

for (const [name, input] of inputs) {
  test(`${name}: ${input.about}`, (t) => {
    const context = contextOf(input);
    const pod = podOf(input, context);
    const report = injected(pod, context);
    t.assert.fileSnapshot(report.patch, `${directory}${name}.patch.json`, format);
    t.assert.fileSnapshot(reportOf(report), `${directory}${name}.report.json`, format);
    const again = secondPass(applied(pod, report.patch));
    assert.deepEqual(injected(again, context).patch, []);
  });
}

test('every file belongs to a case', () => {
  const wanted = names.flatMap((name) => ['input', 'patch', 'report'].map((part) => `${name}.${part}.json`));
  assert.deepEqual(readdirSync(directory).toSorted(), wanted.toSorted());
});

test('no case is about what another is about', () => {
  const abouts = [...inputs.values()].map(({ about }) => about);
  assert.equal(new Set(abouts).size, abouts.length);
});

test('every code and every decision has a case', () => {
  const seen = [...inputs.values()].map((input) => {
    const { decision } = injected(input.pod, contextOf(input));
    return decision.kind === 'inject' ? 'inject' : decision.code;
  });
  // One that is too large would be too large to read here as well.
  const wanted = Object.keys(codes).filter((code) => code !== 'too-large');
  assert.deepEqual([...new Set(seen)].toSorted(), [...wanted, 'inject'].toSorted());
});

test('every key that a pod may have is met in a case', () => {
  const written = [...inputs.values()].flatMap(({ pod }) => Object.keys(pod.metadata?.annotations ?? {}));
  for (const { key, kind } of Object.values(keys)) {
    if (kind === 'label') continue;
    assert.ok(
      written.some((one) => (key === keys.file.key ? one.startsWith(key) : one === key)),
      key,
    );
  }
});
