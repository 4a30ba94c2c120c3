/** docs/guarantees.md keeps its word: every promise has a proof, and every proof is a test that runs. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { itemsOf, type Proof } from './support/proof-list.ts';
import { has, type Names, namesIn } from './support/test-names.ts';

const page = new URL('../docs/guarantees.md', import.meta.url);
const text = await readFile(page, 'utf8');

const promises = itemsOf(text);

test('the promises of each part are numbered from 1 on', () => {
  const parts = Object.entries(Object.groupBy(promises, ({ id }) => id[0]!));
  for (const [letter, rows] of parts) {
    assert.deepEqual(
      rows!.map(({ id }) => id),
      rows!.map((_, index) => `${letter}${index + 1}`),
    );
  }
  assert.equal(parts.length, [...text.matchAll(/^## /gm)].length, 'a letter for each part');
});

test('every promise has a proof that runs without a cluster', async () => {
  const { scripts } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const unit = /test\/\{([^}]*)\}/.exec(scripts['test:unit']!)?.[1]?.split(',') ?? [];
  assert.ok(scripts['test:simulation']?.includes('test/simulation/'));
  const folders = [...unit, 'simulation'];
  const runs = ({ file }: Proof) => {
    const [, folder] = /^\.\.\/test\/(?:([^/]+)\/.*)?[^/]+\.test\.ts$/.exec(file) ?? assert.fail(file);
    return folder === undefined || folders.includes(folder);
  };
  const without = promises.filter(({ proofs }) => !proofs.some(runs)).map(({ id }) => id);
  assert.deepEqual(without, []);
});

test('every proof is a test in the file that the promise names', async () => {
  const files = new Map<string, Names>();
  const missing: string[] = [];
  for (const { id, proofs } of promises) {
    for (const { name, file } of proofs) {
      if (!files.has(file)) files.set(file, namesIn(await readFile(new URL(file, page), 'utf8')));
      if (!has(files.get(file)!, name)) missing.push(`${id}: "${name}" in ${file}`);
    }
  }
  assert.deepEqual(missing, []);
});

test('a test that is skipped, renamed or in another suite is no proof', () => {
  const names = namesIn(`
    suite('outer', () => {
      test('plain', () => {});
      test.skip('skipped', () => {});
      test('todo', { todo: true }, () => {});
      test('it\\'s \\\`quoted\\\`', () => {});
      for (const what of cases) test(\`for \${what}\`, () => {});
      // test('commented out', () => {});
    });
    describe('other', { concurrency: true }, () => {
      test(
        'inner',
        () => {},
      );
    });`);
  const proofs = ['plain', 'outer > plain', "it's `quoted`", `for \${what}`, 'other > inner'];
  assert.deepEqual(
    proofs.filter((name) => !has(names, name)),
    [],
  );
  const none = ['skipped', 'todo', 'pla', 'other > plain', 'outer', 'commented out', 'nothing'];
  assert.deepEqual(
    none.filter((name) => has(names, name)),
    [],
  );
});
