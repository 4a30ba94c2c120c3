import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { brokenLinks, commandsOf, isFile, PAGES, ROOT, textOf } from './pages.ts';
import { overview } from './picture.ts';

/** Pages whose commands have tests of their own, which read them from the page. */
const TESTED_AS_A_WHOLE = ['install', 'platforms', 'runbook', 'testing'].map((name) => `docs/${name}.md`);

/** Pages with tables that are generated. */
const GENERATED = ['docs/reference.md', 'docs/security.md'];

test('every link of every page leads to a file and a heading that are there', () => {
  assert.ok(PAGES.length > 30, `${PAGES.length} pages`);
  const broken = PAGES.flatMap((page) => brokenLinks(page).map((link) => `${page}: ${link}`));
  assert.deepEqual(broken, []);
});

test('a link to a page or to a heading that is not there is found', () => {
  const text =
    '# One\n[a](#one) [b](#two) [c](install.md) [d](nothing.md) [e](https://example.com) `[f](gone.md)`';
  assert.deepEqual(brokenLinks('docs/page.md', text), ['#two', 'nothing.md']);
});

test('the index has every page of docs', () => {
  const index = textOf('docs/README.md');
  const linked = [...index.matchAll(/\]\(([^)#]+)\)/g)].map(([, link]) => normalize(join('docs', link!)));
  const pages = PAGES.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md');
  // The parts of the comparison are linked from its page.
  const missing = pages.filter((page) => !linked.includes(page) && dirname(page) !== 'docs/comparison');
  assert.deepEqual(missing, []);
});

test('every block of commands in docs says which test runs it, or why none does', () => {
  const pages = PAGES.filter((page) => page.startsWith('docs/') && !TESTED_AS_A_WHOLE.includes(page));
  const silent: string[] = [];
  for (const page of pages) {
    for (const { commands, runBy, notRun } of commandsOf(textOf(page))) {
      const told = runBy === undefined ? notRun !== undefined : readsPage(page, runBy);
      if (!told) silent.push(`${page}: ${commands.split('\n')[0]} (${runBy ?? 'says nothing'})`);
    }
  }
  assert.deepEqual(silent, []);
});

/** Tells whether the test at a path from a page exists, and takes the commands that it runs from that page. */
function readsPage(page: string, path: string): boolean {
  return isFile(page, path) && textOf(join(dirname(page), path)).includes(`'${page}'`);
}

test('a test that does not read the page is none that runs its commands', () => {
  assert.equal(readsPage('docs/tutorial.md', '../test/e2e/tutorial.test.ts'), true);
  assert.equal(readsPage('docs/tutorial.md', '../test/e2e/access.test.ts'), false);
  assert.equal(readsPage('docs/tutorial.md', '../test/e2e/gone.test.ts'), false);
});

test('no line of a page is too long to be read as text', () => {
  /** Samples of lines of JSON, links of pictures, and tables that are generated. */
  const mayBeLong = (page: string, line: string) =>
    /^\{|^!\[/.test(line) || (GENERATED.includes(page) && line.startsWith('| '));
  const long = PAGES.flatMap((page) =>
    textOf(page)
      .split('\n')
      .flatMap((line, index) =>
        line.length > 300 && !mayBeLong(page, line) ? [`${page}:${index + 1}`] : [],
      ),
  );
  assert.deepEqual(long, []);
});

test('every picture is on a page, loads nothing, and has its colours for the light and for the dark', () => {
  const pictures = readdirSync(join(ROOT, 'docs/pictures'));
  assert.ok(pictures.length >= 3);
  for (const name of pictures) {
    assert.match(name, /\.svg$/, 'a picture is text that a script makes');
    const svg = textOf(`docs/pictures/${name}`);
    assert.ok(
      PAGES.some((page) => textOf(page).includes(`pictures/${name})`)),
      name,
    );
    assert.match(svg, /<title>.+<\/title>[\s\S]*@media \(prefers-color-scheme:dark\)/, name);
    assert.doesNotMatch(svg, /<script|href=|@import|url\((?!#)|\son\w+=/, name);
  }
});

test('the picture of the overview is the one that the script draws', (t) => {
  t.assert.fileSnapshot(overview(), 'docs/pictures/overview.svg', { serializers: [String] });
});
