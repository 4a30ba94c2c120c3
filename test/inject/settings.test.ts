import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Key, keys, PLACES, PREFIX } from '../../src/inject/annotations.ts';
import type { Reason } from '../../src/inject/codes.ts';
import { Settings, type Sources, unknownKeys } from '../../src/inject/settings.ts';
import { sampled, writtenKey } from './key-samples.ts';

const NOTHING: Sources = { pod: undefined, namespace: {}, installation: {} };
const LEVELS = ['pod', 'namespace', 'installation'] as const;
const WHOSE = { pod: '', namespace: ' of the namespace', installation: ' of the installation' };

const settings = (sources: Partial<Sources>) => new Settings({ ...NOTHING, ...sources });
const inherited = sampled.filter(([name]) => !keys[name].key.endsWith('.') && name !== 'inject');

describe('who says what holds', () => {
  for (const [name, { good }] of inherited) {
    const key: Key<unknown> = keys[name];
    const levels = PLACES[key.on];
    test(`${key.key}: ${levels.join(', else ')}, else the default`, () => {
      const texts = Object.fromEntries(levels.map((level, index) => [level, { [key.key]: good[index]! }]));
      const others = LEVELS.filter((level) => !(levels as readonly string[]).includes(level));
      for (const level of others) {
        const given = settings({ [level]: { [key.key]: good[0] } });
        assert.equal(given.level(key), undefined, 'it has no say');
      }
      for (const [index, from] of levels.entries()) {
        const weaker = levels.slice(index).map((level) => [level, texts[level]!]);
        const given = settings(Object.fromEntries(weaker));
        assert.deepEqual(given.get(key), key.parse(good[index]!));
        assert.deepEqual(given.origins, [{ key: key.key, value: good[index], from }]);
        assert.equal(given.level(key), from);
      }
      const silent = settings({});
      assert.deepEqual(silent.get(key), key.default === undefined ? undefined : key.parse(key.default));
      const origins =
        key.default === undefined ? [] : [{ key: key.key, value: key.default, from: 'default' }];
      assert.deepEqual(silent.origins, origins);
      assert.equal(silent.level(key), undefined);
    });
  }

  test('whether to inject is said by the pod alone', () => {
    const elsewhere = { [keys.inject.key]: 'true' };
    assert.equal(settings({ namespace: elsewhere, installation: elsewhere }).get(keys.inject), undefined);
    assert.equal(settings({ pod: elsewhere }).get(keys.inject), true);
  });

  test('an empty text is a value, not silence', () => {
    const given = settings({ pod: { [keys.port.key]: '' }, namespace: { [keys.port.key]: '9100' } });
    assert.equal(given.get(keys.port), undefined, 'as if nobody had said it');
    assert.match(given.faults[0]!.sentence, /rollcall\.dev\/port: "" is not valid/);
    assert.ok(given.isBad(keys.port.key) && !given.isBad(keys.service.key));
  });

  test('names that all objects inherit say nothing', () => {
    const odd: Record<string, string> = JSON.parse('{"__proto__": {"rollcall.dev/port": "1"}}');
    const inheriting: Record<string, string> = Object.create({ [keys.port.key]: '1' });
    for (const pod of [odd, inheriting]) assert.equal(settings({ pod }).get(keys.port), undefined);
  });
});

describe('a value that can not be', () => {
  for (const [name, { bad }] of sampled) {
    const key: Key<unknown> = keys[name];
    const { parseNamed } = key;
    const written = writtenKey(name);
    const read = (given: Settings) =>
      parseNamed === undefined ? given.get(key) : given.family({ ...key, parseNamed });
    test(`${key.key}: the sentence names the key, its level, the value and what to give`, () => {
      for (const value of bad) {
        for (const level of PLACES[key.on]) {
          const fault = faultOf({ [level]: { [written]: value } }, read);
          assert.equal(fault.code, 'bad-value');
          const start = `annotation ${written}${WHOSE[level]}: "${shown(value)}" is not valid; `;
          assert.ok(fault.sentence.startsWith(start), fault.sentence);
          assert.match(fault.sentence.slice(start.length), /give |write |quote it/);
        }
      }
    });
  }

  test('is shown by its beginning when it is long', () => {
    const pod = { [keys.service.key]: 'x'.repeat(5000) };
    const { sentence } = faultOf({ pod }, (given) => given.get(keys.service));
    assert.ok(sentence.includes(`"${'x'.repeat(100)}..." is not valid`) && sentence.length < 400);
  });

  test('is not repeated in full by what is wrong with it either, and the end still says what to give', () => {
    const long: [Key<unknown>, string][] = [
      [keys.notify, `http://127.0.0.1/ http://10.0.0.1/${'x'.repeat(5000)}`],
      [keys.onStart, `'${'x'.repeat(5000)}`],
      [keys.file, 'x'.repeat(5000)],
    ];
    for (const [key, text] of long) {
      const { sentence } = faultOf({ pod: { [key.key]: text } }, (given) => given.get(key));
      assert.ok(sentence.length < 1000, `${sentence.length}`);
      assert.match(sentence.slice(-300), /; (give|close)/);
    }
  });

  test('is shown on one line, whatever is in it', () => {
    const pod = { [keys.port.key]: 'a\nb\u001b[1m\u0085' };
    assert.match(
      faultOf({ pod }, (given) => given.get(keys.port)).sentence,
      /"a\\u000ab\\u001b\[1m\\u0085" is not valid/,
    );
  });

  test('of a stronger level is not excused by a good one below it', () => {
    const given = settings({
      namespace: { [keys.port.key]: 'none' },
      installation: { [keys.port.key]: '9100' },
    });
    assert.equal(given.get(keys.port), undefined);
    assert.match(given.faults[0]!.sentence, /rollcall\.dev\/port of the namespace: "none"/);
  });
});

describe('a family of keys', () => {
  const family = (sources: Partial<Sources>) => {
    const given = settings(sources);
    return { values: given.family(keys.file), origins: given.origins };
  };

  test('has each name by its strongest level, in the order of the names', () => {
    const { values, origins } = family({
      pod: { 'rollcall.dev/file.b': '{name}' },
      namespace: { 'rollcall.dev/file.b': '{ipv4}', 'rollcall.dev/file.a': '{ipv6}' },
      installation: { 'rollcall.dev/file.c': '{uid}', 'rollcall.dev/file.a': '{zone}' },
    });
    assert.deepEqual(values, ['a={ipv6}', 'b={name}', 'c={uid}']);
    assert.deepEqual(
      origins.map(({ key, from }) => [key, from]),
      [
        ['rollcall.dev/file.a', 'namespace'],
        ['rollcall.dev/file.b', 'pod'],
        ['rollcall.dev/file.c', 'installation'],
      ],
    );
  });

  test('takes only what begins with its prefix, and a name that begins no other', () => {
    const pod = { 'rollcall.dev/files': 'x', 'rollcall.dev/file': 'x', 'other/rollcall.dev/file.a': 'x' };
    assert.deepEqual(family({ pod }).values, []);
  });

  const refused: [what: string, key: string, line: string, sentence: RegExp][] = [
    ['a line with a break', 'rollcall.dev/file.a', '{name}\nb={name}', /line break in it; give one line/],
    ['no placeholder', 'rollcall.dev/file.a', 'static', /give one of \{name\}/],
    [
      'an unknown placeholder',
      'rollcall.dev/file.a',
      '{host}',
      /"\{host\}" is not a placeholder; give one of/,
    ],
    ['no name', 'rollcall.dev/file.', '{name}', /"" is not a plain file name; give one of letters/],
    ['a folder', 'rollcall.dev/file.a/b', '{name}', /"a\/b" is not a plain file name/],
    ['a way up', 'rollcall.dev/file...', '{name}', /"\.\." is not a plain file name/],
    ['the socket', 'rollcall.dev/file.members.sock', '{name}', /a name that rollcall uses itself/],
    ['the other socket', 'rollcall.dev/file.health.sock', '{name}', /a name that rollcall uses itself/],
    ['the file of members', 'rollcall.dev/file.members.json', '{name}', /rollcall uses itself; give another/],
  ];
  for (const [what, key, line, sentence] of refused) {
    test(`refuses ${what}, and says which key on which level has it`, () => {
      const fault = faultOf({ namespace: { [key]: line } }, (given) => given.family(keys.file));
      assert.equal(fault.code, 'bad-value');
      assert.ok(
        fault.sentence.startsWith(`annotation ${key} of the namespace: "${shown(line)}" is not valid; `),
      );
      assert.match(fault.sentence, sentence);
    });
  }

  test('has names that all objects inherit as plain names', () => {
    const pod = JSON.parse(
      '{"rollcall.dev/file.__proto__": "{name}", "rollcall.dev/file.constructor": "{uid}"}',
    );
    assert.deepEqual(family({ pod }).values, ['__proto__={name}', 'constructor={uid}']);
    assert.deepEqual(Object.keys(Object.prototype), []);
  });
});

const unknown = (annotations: Record<string, string>) =>
  unknownKeys(
    Object.keys(annotations).filter((key) => key.startsWith(PREFIX)),
    10,
  ).named;

describe('a key that there is not', () => {
  const annotations = Object.values(keys).filter(({ kind }) => kind === 'annotation');

  for (const { key } of annotations) {
    test(`${key}: no letter dropped, doubled or changed goes unnoticed, and it is named as meant`, () => {
      for (const typo of typos(key)) {
        assert.deepEqual(unknown({ [typo]: 'x' }), [{ key: typo, meant: meantBy(key, typo) }]);
      }
    });
  }

  test('is told without a guess when none is near', () => {
    assert.deepEqual(unknown({ 'rollcall.dev/zzzzzz': '' }), [
      { key: 'rollcall.dev/zzzzzz', meant: undefined },
    ]);
    assert.equal(unknown({ [`rollcall.dev/${'x'.repeat(10_000)}`]: '' })[0]!.meant, undefined);
  });

  test('of a family is found whatever name it has', () => {
    const meant = ['wait-fro.backends', 'gruop.a-long-name-of-a-group', 'grup-file.backends.up.conf'].map(
      (name) => unknown({ [PREFIX + name]: '' })[0]!.meant,
    );
    assert.deepEqual(
      meant,
      ['wait-for.NAME', 'group.NAME', 'group-file.NAME'].map((name) => PREFIX + name),
    );
  });

  test('is found by other cases and underscores too', () => {
    const meant = ['Wait_For', 'CPU_LIMIT', 'onChange', 'Service'].map(
      (name) => unknown({ [PREFIX + name]: '' })[0]!.meant,
    );
    assert.deepEqual(
      meant,
      ['wait-for', 'cpu-limit', 'on-change', 'service'].map((name) => PREFIX + name),
    );
  });

  test('is none of those that are known, of files of any name, or of others', () => {
    const known = Object.fromEntries(annotations.map(({ key }) => [key, '']));
    const others = {
      'rollcall.dev/file.a': '',
      'example.com/inject': '',
      'rollcall.devs/inject': '',
      inject: '',
    };
    assert.deepEqual(
      unknown({ ...known, ...others }).map(({ key }) => key),
      [],
    );
    assert.deepEqual(unknown({}), []);
  });

  test('may be named like what all objects inherit', () => {
    const odd = JSON.parse(
      '{"__proto__": "x", "rollcall.dev/__proto__": "x", "rollcall.dev/constructor": "x"}',
    );
    assert.deepEqual(
      unknown(odd).map(({ key }) => key),
      ['rollcall.dev/__proto__', 'rollcall.dev/constructor'],
    );
  });
});

/** Returns the part of a value that a sentence shows. */
function shown(value: string): string {
  const cut = value.length > 100 ? `${value.slice(0, 100)}...` : value;
  return cut.replaceAll('\n', '\\u000a');
}

/** Words that one slip of the hand makes of the key; those that begin like a file's key are keys. */
/** Of a family beside which there is a single key, a text without a dot is near to that one. */
function meantBy(key: string, typo: string): string {
  if (!key.endsWith('.')) return key;
  const single = key.slice(0, -1);
  const isSingle = !typo.slice(PREFIX.length).includes('.');
  return isSingle && Object.values(keys).some((one) => one.key === single) ? single : `${key}NAME`;
}

function typos(key: string): string[] {
  const word = key.slice(PREFIX.length);
  const known = Object.values(keys).map((one) => one.key as string);
  const slips = [...word].flatMap((letter, at) => [
    word.slice(0, at) + word.slice(at + 1),
    word.slice(0, at) + letter + letter + word.slice(at + 1),
    `${word.slice(0, at)}q${word.slice(at + 1)}`,
  ]);
  return [...new Set(slips.map((slip) => PREFIX + slip))].filter(
    (slip) => slip !== key && !known.some((one) => (one.endsWith('.') ? slip.startsWith(one) : slip === one)),
  );
}

/** Returns the one fault that is noted when `read` reads these settings. */
function faultOf(sources: Partial<Sources>, read: (given: Settings) => unknown): Reason {
  const given = settings(sources);
  read(given);
  const [fault, ...more] = given.faults;
  assert.ok(fault !== undefined && more.length === 0, JSON.stringify(given.faults));
  return fault;
}
