/** docs/security.md keeps its word: each threat and attack has a test, and the rights are those that are tested. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { itemsOf } from './support/proof-list.ts';
import { has, type Names, namesIn } from './support/test-names.ts';

const page = new URL('../docs/security.md', import.meta.url);
const text = await readFile(page, 'utf8');

/** The part of the page under a heading, up to the next one of the same depth. */
function section(heading: string): string {
  const [, rest] = text.split(`\n## ${heading}\n`);
  assert.ok(rest !== undefined, `a section "${heading}"`);
  return rest.split('\n## ')[0]!;
}

const numbered = (letter: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${letter}${index + 1}`);
const threats = itemsOf(section('Threats'));
const attacks = itemsOf(section('Attacks'));
const dashboard = itemsOf(section('The dashboard'));
const all = [...threats, ...attacks, ...dashboard];

test('every threat of the model and every attack is there', () => {
  assert.deepEqual(
    threats.map(({ id }) => id),
    numbered('T', 18),
  );
  const known = ['C1', ...numbered('H', 7), ...numbered('M', 7), 'L1', 'L2', 'L3', 'L5', 'L6', 'L7'];
  assert.deepEqual(
    attacks.map(({ id }) => id),
    known,
  );
  assert.deepEqual(
    dashboard.map(({ id }) => id),
    numbered('D', 6),
  );
});

test('every threat and attack has a proof, and an attack one that attacks', () => {
  const without = all.filter(({ proofs }) => proofs.length === 0);
  assert.deepEqual(without, []);
  const attacking = ({ file }: { file: string }) => file.startsWith('../test/attack/');
  assert.deepEqual(
    attacks.filter(({ proofs }) => !proofs.some(attacking)),
    [],
  );
});

test('every proof is a test in the file that is named', async () => {
  const files = new Map<string, Names>();
  const missing: string[] = [];
  for (const { id, proofs } of all) {
    for (const { name, file } of proofs) {
      if (!files.has(file)) files.set(file, namesIn(await readFile(new URL(file, page), 'utf8')));
      if (!has(files.get(file)!, name)) missing.push(`${id}: "${name}" in ${file}`);
    }
  }
  assert.deepEqual(missing, []);
});

test('every file that the page links is there', () => {
  const links = [...text.matchAll(/\]\((\.\.?\/[^)#]+)\)/g)].map(([, path]) => path!);
  assert.deepEqual(
    links.filter((path) => !existsSync(new URL(path, page))),
    [],
  );
});

interface Right {
  account: string;
  resource: string;
  verb: string;
  names: string[];
  scope: string;
  why: string;
}

/** A line for all verbs that go together. */
function tableOf(rights: readonly Right[]): string {
  const groups = Object.groupBy(rights, ({ account, resource, names, scope }) =>
    [account, resource, names.join(', '), scope].join(' | '),
  );
  const lines = Object.values(groups).map((group) => {
    const { account, resource, names, scope } = group![0]!;
    const verbs = group!.map(({ verb }) => verb).join(', ');
    const why = [...new Set(group!.map((one) => one.why))].join('; ');
    const named = names.length === 0 ? 'any' : names.map((name) => `\`${name}\``).join(', ');
    return `| ${account} | ${resource} | ${named} | ${verbs} | ${scope} | ${why} |`;
  });
  return [
    '| account | resource | names | verbs | where | why |',
    '| --- | --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}

test('the tables of rights are those that a real API server is asked about', async () => {
  const rights = JSON.parse(await readFile(new URL('api/rights.json', import.meta.url), 'utf8')) as Right[];
  const told: string[] = [];
  for (const [, accounts, table] of text.matchAll(/<!-- rights: (.*) -->\n\n((?:\|.*\n)*)/g)) {
    const named = accounts!.split(' ');
    told.push(...named);
    const expected = tableOf(rights.filter(({ account }) => named.includes(account)));
    assert.equal(table!.trimEnd(), expected, `write below "rights: ${accounts}":\n\n${expected}\n`);
  }
  assert.deepEqual(told.toSorted(), [...new Set(rights.map(({ account }) => account))].toSorted());
});
