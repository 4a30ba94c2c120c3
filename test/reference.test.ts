import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Key, keys, PREFIX } from '../src/inject/annotations.ts';
import { parseTemplate } from '../src/watcher/texts/template.ts';
import { REPORTER } from '../src/webhook/skip-events.ts';
import { placeholderDocs, reference } from './reference/reference.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

test('docs/reference.md is what the tables say; `npm run golden` renews it', (t) => {
  t.assert.fileSnapshot(reference(), `${root}docs/reference.md`, { serializers: [String] });
});

describe('every key', () => {
  for (const key of Object.values<Key<unknown>>(keys)) {
    test(`${key.key} has a doc, an example and a default that it takes itself`, () => {
      assert.ok(key.key.startsWith(PREFIX) && key.doc.length > 20, key.doc);
      assert.doesNotThrow(() => key.parse(key.example));
      if (key.default === undefined) return;
      assert.doesNotThrow(() => key.parse(key.default!));
      assert.notEqual(key.example, key.default, 'an example shows something else than the default');
      assert.equal(key.otherwise, undefined, 'the default says what holds otherwise');
    });

    test(`${key.key} says what holds when nobody writes it`, () => {
      if (key.key !== keys.status.key) assert.ok((key.default ?? key.otherwise ?? '').length > 0);
    });
  }
});

test('the placeholders that are described are those that there are', () => {
  assert.throws(
    () => parseTemplate('a={unknown}'),
    ({ message }: Error) => {
      const known = message.slice(message.indexOf('there are ') + 'there are '.length).split(' ');
      assert.deepEqual(Object.keys(placeholderDocs).toSorted(), known.toSorted());
      return true;
    },
  );
  for (const placeholder of Object.keys(placeholderDocs)) assert.ok(parseTemplate(`a=${placeholder}`));
});

describe('no key is told of that there is not', () => {
  const documents = ['README.md', ...inside('docs', '.md'), ...inside('deploy', '.yaml')];
  const known: string[] = [...Object.values(keys).map(({ key }) => key), REPORTER];

  for (const document of documents) {
    test(`in ${document}`, () => {
      const text = readFileSync(root + document, 'utf8');
      const told = [...text.matchAll(/rollcall\.dev\/[A-Za-z][\w.-]*\w\.?/g)].map(([key]) => key);
      const unknown = told.filter((key) => !isKnown(key) && !isKnown(key.replace(/\.$/, '')));
      assert.deepEqual(unknown, []);
    });
  }

  function isKnown(key: string): boolean {
    return known.includes(key) || key.startsWith(keys.file.key);
  }
});

function inside(folder: string, ending: string): string[] {
  return readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => `${folder}/${file}`);
}
