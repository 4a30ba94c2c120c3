/** The generated files of the chart, which `npm run golden` renews. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import packageJson from '../../package.json' with { type: 'json' };
import { COPIES, copiedTemplate } from './copied-templates.ts';
import { platformValues } from './install-page.ts';
import { chartPage, valuesSchema, valuesYaml } from './values-files.ts';
import { VALUES } from './values-table.ts';

const chart = (file: string) => fileURLToPath(new URL(`../../deploy/chart/${file}`, import.meta.url));
const asIs = { serializers: [String] };

for (const [file, made] of [
  ['values.yaml', valuesYaml],
  ['values.schema.json', valuesSchema],
  ['README.md', chartPage],
] as const) {
  test(`${file} of the chart is what the table of values says`, (t) => {
    t.assert.fileSnapshot(made(), chart(file), asIs);
  });
}

for (const copy of COPIES) {
  test(`templates/${copy.to} of the chart is what deploy/${copy.from} says`, (t) => {
    t.assert.fileSnapshot(copiedTemplate(copy), chart(`templates/${copy.to}`), asIs);
  });
}

test('values.yaml has the defaults of the table', () => {
  const values = parse(readFileSync(chart('values.yaml'), 'utf8'));
  for (const { path, default: wanted } of VALUES) {
    const found = path.split('.').reduce((inner, part) => inner[part], values);
    assert.deepEqual(found, wanted, path);
  }
});

test('every value has a doc of one line, and a path of its own', () => {
  for (const { path, doc } of VALUES) assert.match(doc, /^[A-Z`][^\n|]{10,}\.$|`\.$/, path);
  assert.equal(new Set(VALUES.map(({ path }) => path)).size, VALUES.length);
});

test('the chart has the version of the package', () => {
  const { version, appVersion } = parse(readFileSync(chart('Chart.yaml'), 'utf8'));
  assert.deepEqual([version, appVersion], [packageJson.version, packageJson.version]);
});

test('docs/install.md names values that there are', () => {
  const known = VALUES.map(({ path }) => path);
  assert.ok(platformValues.length > 8);
  for (const name of platformValues) assert.ok(known.includes(name), name);
});
