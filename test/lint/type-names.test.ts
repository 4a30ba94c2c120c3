import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const DECLARED = /^(?:export )?(?:abstract )?(?:type|interface|class|enum) ([A-Z]\w*)/gm;

/** Names that still have two homes. The list is to become empty: no name is added to it. */
const TO_BE_RENAMED: readonly string[] = [
  'Answer',
  'Connections',
  'Environment',
  'Family',
  'Fields',
  'Given',
  'Group',
  'Kind',
  'Options',
  'Parser',
  'Part',
  'Parts',
  'Place',
  'Result',
  'Rows',
  'Rule',
  'Settings',
  'Status',
  'Texts',
  'Values',
];

test('a type has one home: no name is declared in two files', () => {
  const homes = new Map<string, string[]>();
  for (const file of globSync('src/**/*.ts').sort()) {
    for (const [, name] of readFileSync(file, 'utf8').matchAll(DECLARED)) {
      homes.set(name!, [...(homes.get(name!) ?? []), file]);
    }
  }
  const twice = [...homes].filter(([name, files]) => files.length > 1 && !TO_BE_RENAMED.includes(name));
  assert.deepEqual(Object.fromEntries(twice), {});
});
