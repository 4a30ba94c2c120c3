import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { codes } from '../../../src/cli/check/codes.ts';
import { INSTALLED } from '../../../src/cli/check/install-rights.ts';
import { deadLink } from '../../monitoring/headings.ts';

const root = new URL('../../../', import.meta.url);

describe('every code of a check', () => {
  const folder = new URL('src/cli/check/', root);
  const sources = readdirSync(folder)
    .filter((file) => file !== 'codes.ts')
    .map((file) => readFileSync(new URL(file, folder), 'utf8'))
    .join('');
  for (const [code, { meaning, page }] of Object.entries(codes)) {
    test(`${code} has a meaning and a page that there is, and is found by a check`, () => {
      assert.match(code, /^[a-z]+(-[a-z]+)*$/);
      assert.ok(meaning.length > 20 && !meaning.endsWith('.'));
      assert.equal(deadLink(page), undefined);
      assert.ok(sources.includes(`'${code}'`) || sources.includes(`${code}: {`), 'no check finds it');
    });
  }
});

test('the rights that are asked for leave nothing out that deploy/ has', () => {
  const folder = new URL('deploy/', root);
  const kinds = readdirSync(folder)
    .filter((file) => file.endsWith('.yaml') && !['kustomization.yaml', 'kind.yaml'].includes(file))
    .flatMap((file) => parseAllDocuments(readFileSync(new URL(file, folder), 'utf8')))
    .map((document) => document.toJS() as { kind: string; apiVersion: string } | null)
    .filter((object) => object !== null)
    .map(({ kind, apiVersion }) => {
      const group = apiVersion.includes('/') ? apiVersion.split('/')[0]! : '';
      return `${group}/${kind.toLowerCase().replace(/s$/, 'se').replace(/y$/, 'ie')}s`;
    });
  const asked = INSTALLED.map(([group, resource]) => `${group}/${resource}`);
  assert.ok(kinds.length > 10);
  assert.deepEqual(
    kinds.filter((kind) => !asked.includes(kind)),
    [],
  );
});
