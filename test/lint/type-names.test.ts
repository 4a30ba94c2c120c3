import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const DECLARED = /^(?:export )?(?:abstract )?(?:type|interface|class|enum) ([A-Z]\w*)/gm;

test('a type has one home: no name is declared in two files', () => {
  const homes = new Map<string, string[]>();
  for (const file of globSync('src/**/*.ts').sort()) {
    for (const [, name] of readFileSync(file, 'utf8').matchAll(DECLARED)) {
      homes.set(name!, [...(homes.get(name!) ?? []), file]);
    }
  }
  const twice = [...homes].filter(([, files]) => files.length > 1);
  assert.deepEqual(Object.fromEntries(twice), {});
});
