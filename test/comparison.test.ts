/** docs/comparison.md can be checked: what it says of Rollcall by tests that are there, what it says of others by links. */

import assert from 'node:assert/strict';
import { access, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { has, namesIn } from './support/test-names.ts';

const page = new URL('../docs/comparison.md', import.meta.url);
const text = await readFile(page, 'utf8');

const links = [...text.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)].map(([, name, to]) => ({
  name: name!,
  to: to!,
}));
const inside = links.filter(({ to }) => !to.startsWith('https://'));

/** Of each table its rows, as cells, the head first; pipes inside code are not used. */
const tables = text
  .split(/\n\n+/)
  .filter((part) => part.startsWith('|'))
  .map((part) =>
    part
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('| ---'))
      .map((line) => line.slice(2, -2).split(' | ')),
  );

test('every file that is linked is there, and every test under its name', async () => {
  const missing: string[] = [];
  for (const { name, to } of inside) {
    const file = new URL(to, page);
    const found = to.endsWith('.test.ts')
      ? has(namesIn(await readFile(file, 'utf8').catch(() => '')), name)
      : await access(file).then(
          () => true,
          () => false,
        );
    if (!found) missing.push(`"${name}" in ${to}`);
  }
  assert.deepEqual(missing, []);
  assert.ok(inside.length > 20, 'links are found at all');
});

test('every row fills all columns and says how to see it', () => {
  const points = tables.filter(([head]) => head![0] === 'point');
  const bad = points.flatMap(([head, ...rows]) =>
    rows.filter(
      (cells) =>
        cells.length !== head!.length ||
        cells.some((cell) => cell.trim() === '') ||
        !/\]\(|`/.test(cells.at(-1)!),
    ),
  );
  assert.deepEqual(bad, []);
  assert.equal(points.length, text.split('\n## ').length - 2, 'a table for each theme, but for the last');
});

test('source of others is linked at what was read, a commit or a release', () => {
  const moving = links.filter(({ to }) => /\/(blob|tree)\/(main|master|HEAD)\//.test(to)).map(({ to }) => to);
  assert.deepEqual(moving, []);
});
