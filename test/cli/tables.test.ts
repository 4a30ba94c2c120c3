/** What the commands know of an installation is what deploy/ installs. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { KINDS } from '../../src/cli/cluster/kinds.ts';
import { ENTRIES } from '../../src/cli/explain/entries.ts';
import { targetOf } from '../../src/cli/explain/target.ts';
import { RULES } from '../../src/cli/inject/access-objects.ts';
import { GRANT_ROLE, ROLES } from '../../src/inject/roles.ts';

async function deployed(file: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(new URL(`../../deploy/${file}`, import.meta.url), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS());
}

test('the entries of the webhook', async () => {
  const [configuration] = (await deployed('configuration.yaml')) as {
    webhooks: (typeof ENTRIES)[number][];
  }[];
  const spaceless = (entry: (typeof ENTRIES)[number]) => ({
    name: entry.name,
    namespaceSelector: entry.namespaceSelector,
    objectSelector: entry.objectSelector,
    matchConditions: entry.matchConditions?.map(({ name, expression }) => [
      name,
      expression.replace(/\s+/g, ''),
    ]),
    failurePolicy: entry.failurePolicy,
  });
  assert.deepEqual(ENTRIES.map(spaceless), configuration!.webhooks.map(spaceless));
});

test('the rules of the roles', async () => {
  const roles = await deployed('rbac.yaml');
  for (const [wanted, rules] of Object.entries({ ...RULES, [GRANT_ROLE]: RULES[ROLES.slices] })) {
    const role = roles.find(
      ({ kind, metadata }) => kind === 'ClusterRole' && (metadata as { name: string }).name === wanted,
    );
    assert.deepEqual(role!.rules, rules);
  }
});

test('every kind that can be explained from a file can be looked up, but the template that runs nothing', () => {
  const withPods = Object.entries(KINDS).filter(([, { template }]) => template !== undefined);
  for (const [kind, { plural, short }] of withPods.filter(([name]) => name !== 'PodTemplate')) {
    for (const word of [kind, kind.toLowerCase(), plural, short]) {
      assert.deepEqual(targetOf(`${word}/x`), { kind, name: 'x' });
    }
  }
  assert.throws(() => targetOf('podtemplate/x'), /is not KIND\/NAME/);
});
