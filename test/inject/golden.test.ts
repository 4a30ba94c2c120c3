/**
 * test/golden: what comes in (NAME.input.json), the patch that goes out (NAME.patch.json) and why
 * (NAME.report.json). `npm run golden` writes the last two anew: read the difference before committing.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../src/inject/inject.ts';
import type { Namespace, Pod } from '../../src/inject/pod.ts';
import { applied, secondPass } from './api-server.ts';
import { injected } from './pods.ts';

interface Input {
  about: string;
  namespace: Namespace;
  dryRun?: boolean;
  pod: Pod;
}

const directory = fileURLToPath(new URL('../golden/', import.meta.url));
const names = readdirSync(directory)
  .filter((file) => file.endsWith('.input.json'))
  .map((file) => file.split('.')[0]!);
const format = { serializers: [(value: unknown) => `${JSON.stringify(value, null, 2)}\n`] };

/** Without the patch, which has a file of its own, and the containers and volumes that stand in it. */
function reportOf({ decision, plan, warnings }: Report) {
  const account = plan && { choice: plan.account, name: plan.accountName };
  return { decision, ...(account ? { account, status: JSON.parse(plan.status) } : {}), warnings };
}

for (const name of names) {
  const input = JSON.parse(readFileSync(`${directory}${name}.input.json`, 'utf8')) as Input;

  test(`${name}: ${input.about}`, (t) => {
    const context = { namespace: input.namespace, dryRun: input.dryRun === true };
    const report = injected(input.pod, context);
    t.assert.fileSnapshot(report.patch, `${directory}${name}.patch.json`, format);
    t.assert.fileSnapshot(reportOf(report), `${directory}${name}.report.json`, format);
    const again = secondPass(applied(input.pod, report.patch));
    assert.deepEqual(injected(again, context).patch, []);
  });
}

test('every file belongs to a case, and every decision has one', () => {
  const wanted = names.flatMap((name) => ['input', 'patch', 'report'].map((part) => `${name}.${part}.json`));
  assert.deepEqual(readdirSync(directory).toSorted(), wanted.toSorted());
  const kinds = names.map((name) => {
    const { decision } = JSON.parse(readFileSync(`${directory}${name}.report.json`, 'utf8'));
    return decision.code ?? decision.kind;
  });
  const codes = ['bad-value', 'mirror-pod', 'mount-path-taken', 'name-taken', 'no-service'];
  assert.deepEqual(
    [...new Set(kinds)].toSorted(),
    [...codes, 'inject', 'not-opted-in', 'opted-out', 'windows'].toSorted(),
  );
});
