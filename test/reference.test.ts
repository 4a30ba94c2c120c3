import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type AnnotationPlace, type Key, keys, PREFIX } from '../src/inject/annotations.ts';
import { kebabCase } from '../src/setting.ts';
import { type SidecarSetting, sidecarSettings } from '../src/sidecar-settings.ts';
import { parseTemplate } from '../src/watcher/texts/template.ts';
import { REPORTER } from '../src/webhook/skip-events.ts';
import { withKeyLists } from './reference/key-lists.ts';
import { placeholderDocs, reference } from './reference/reference.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

test('docs/reference.md is what the tables say; `npm run golden` renews it', (t) => {
  t.assert.fileSnapshot(reference(), `${root}docs/reference.md`, { serializers: [String] });
});

test('the policies know the keys that there are; `npm run golden` renews their lists', (t) => {
  const file = `${root}deploy/policies.yaml`;
  t.assert.fileSnapshot(withKeyLists(readFileSync(file, 'utf8')), file, { serializers: [String] });
});

test('a key that is new, or a family, comes into the lists of the policies', () => {
  const text = (kind: string) =>
    `    # Begin of the keys of ${kind}, made by \`npm run golden\`.\nold\n    # End of the keys.\nrest\n`;
  const expected: Record<string, RegExp> = {
    pods: /known\n.*\n +\['a', 'b', 'c'\]\n.*families\n.*\n +\['wait-for\.', 'group\.'\]\n.*namespaceOnly\n.*\n +\['b'\]\n.*End of the keys\.\nrest\n$/,
    namespaces:
      /known\n.*\n +\['a', 'b', 'c'\]\n.*\n.*\n.*\n.*podOnly\n.*\n +\['c'\]\n.*podOnlyFamilies\n.*\n +\['group\.'\]\n/,
  };
  const added = (key: string, on: AnnotationPlace) => ({
    key: PREFIX + key,
    on,
    kind: 'annotation' as const,
  });
  const all = [
    added('a', 'both'),
    added('b', 'namespace'),
    added('c', 'pod-or-installation'),
    added('wait-for.', 'both'),
    added('group.', 'pod'),
  ];
  for (const [kind, lists] of Object.entries(expected)) {
    const renewed = withKeyLists(text(kind), all);
    assert.match(renewed, lists);
    assert.equal(withKeyLists(renewed, all), renewed);
  }
});

describe('every setting of the sidecar', () => {
  const rows = Object.entries<SidecarSetting<unknown>>(sidecarSettings);

  test('goes with one that there is', () => {
    const others = rows.flatMap(([, { goesWith }]) => goesWith ?? []);
    assert.deepEqual(
      others.filter((name) => !Object.hasOwn(sidecarSettings, name)),
      [],
    );
  });

  test('with an annotation has the key of its name, which nothing else has', () => {
    const all = Object.values<Key<unknown>>(keys).map(({ key }) => key);
    assert.equal(new Set(all).size, all.length);
    for (const [name, { annotation }] of rows.filter(([, row]) => row.annotation !== undefined)) {
      const { key } = keys[name as keyof typeof keys];
      assert.equal(key, `${PREFIX}${annotation!.key ?? kebabCase(name)}${annotation!.named ? '.' : ''}`);
    }
  });

  test('with several values takes them from an annotation that is a family, or is split by a parser of its own', () => {
    for (const [name, { annotation, repeated }] of rows) {
      if (repeated && annotation) assert.ok(annotation.named || annotation.parse, name);
    }
  });
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
      const known = message.slice(message.indexOf('give one of ') + 'give one of '.length).split(' ');
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
    return known.includes(key) || known.some((one) => one.endsWith('.') && key.startsWith(one));
  }
});

function inside(folder: string, ending: string): string[] {
  return readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => `${folder}/${file}`);
}
