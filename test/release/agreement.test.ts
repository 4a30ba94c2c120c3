import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { disagreements } from '../../release/agreement.ts';
import { sectionOf } from '../../release/changelog.ts';

const CHANGELOG =
  '# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-01-02\n\n### Added\n\n- This.\n\n## [1.2.2]\n\n- That.\n';
const agreeing = {
  version: '1.2.3',
  tag: 'v1.2.3',
  deployment: '          image: rollcall:1.2.3\n',
  chart: 'version: 1.2.3\nappVersion: 1.2.3\n',
  changelog: CHANGELOG,
  security: '| 1.2.x | yes |',
};

test('files that agree', () => {
  assert.deepEqual(disagreements(agreeing), []);
  assert.deepEqual(disagreements({ ...agreeing, chart: undefined }), [], 'there may be no chart');
});

test('each file that disagrees is named, with what to do', () => {
  const odd: readonly [change: Partial<typeof agreeing>, sentence: RegExp][] = [
    [{ tag: 'v1.2.4' }, /^the tag is v1\.2\.4 and package\.json says 1\.2\.3; tag v1\.2\.3$/],
    [{ deployment: 'image: rollcall:1.2.2\n' }, /^deploy\/webhook\.yaml /],
    [{ chart: 'version: 1.2.3\nappVersion: 1.2.2\n' }, /^deploy\/chart\/Chart\.yaml /],
    [{ changelog: '## [Unreleased]\n' }, /^CHANGELOG\.md has no section \[1\.2\.3\]/],
    [{ security: '| 1.1.x | yes |' }, /^SECURITY\.md does not support 1\.2\.x/],
  ];
  for (const [change, sentence] of odd) {
    const found = disagreements({ ...agreeing, ...change });
    assert.equal(found.length, 1);
    assert.match(found[0]!, sentence);
  }
});

test('the notes of a release are the section of its version', () => {
  assert.equal(sectionOf(CHANGELOG, '1.2.3'), '### Added\n\n- This.');
  assert.equal(sectionOf(CHANGELOG, '9.9.9'), undefined);
});

test('the files of this repository are those that are looked at', () => {
  const root = new URL('../../', import.meta.url);
  const text = (file: string) => readFileSync(new URL(file, root), 'utf8');
  const { version } = JSON.parse(text('package.json')) as { version: string };
  const found = disagreements({
    version,
    tag: `v${version}`,
    deployment: text('deploy/webhook.yaml'),
    chart: undefined,
    changelog: `## [${version}]\n\n- Something.\n`,
    security: text('SECURITY.md'),
  });
  assert.deepEqual(found, []);
});
