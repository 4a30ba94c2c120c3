/** The facts that both ends of a pod share stand in src/watcher/contract.ts only, and deploy and docs agree with it. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { EXCLUDED_NAMESPACES } from '../src/inject/names.ts';
import * as contract from '../src/watcher/contract.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const HOME = 'src/watcher/contract.ts';
const read = (file: string) => readFileSync(root + file, 'utf8');

function inside(folder: string, ending: string): string[] {
  return readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => `${folder}/${file}`);
}

/**
 * Facts whose values stand for nothing else, so that a literal that has one is a second home. A number of seconds
 * is no such value: the types and the tests of those who use it say where it is from.
 */
const { DIRECTORY, SOCKET_NAME, FILE_NAME, HEALTH_NAME, STARTED_NAME, TOKEN_PATH, SCRIPTS_PATH, PORT } =
  contract;
const distinct = [DIRECTORY, SOCKET_NAME, FILE_NAME, HEALTH_NAME, STARTED_NAME, TOKEN_PATH, SCRIPTS_PATH];

/** Examples that users read, in which a path is one of many. */
const EXAMPLES = /^'\/scripts\/on-(start|change)\.sh'$/;

/** Strings, templates and numbers of a program. Comments come first, so that what they quote is no literal. */
const TOKENS =
  /\/\*[\s\S]*?\*\/|\/\/.*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\b\d[\d_]*\b/g;

/** A literal has a value that is in it on its own, not at the end of another word. */
function has(literal: string, value: string): boolean {
  const before = literal[literal.indexOf(value) - 1] ?? ' ';
  return literal.includes(value) && !/\w/.test(before);
}

function secondHomes(program: string): string[] {
  const literals = (program.match(TOKENS) ?? []).filter((token) => !/^\/[/*]/.test(token));
  return literals.filter((literal) => {
    if (EXAMPLES.test(literal)) return false;
    return literal.replaceAll('_', '') === `${PORT}` || distinct.some((value) => has(literal, value));
  });
}

describe('a shared fact has one home', () => {
  for (const file of inside('src', '.ts').filter((one) => one !== HOME)) {
    test(`and that is not ${file}`, () => assert.deepEqual(secondHomes(read(file)), []));
  }

  test('which the search would find elsewhere', () => {
    const program =
      "// 17655\nconst a = 17_655; /* '/run/rollcall' */ f('/run/rollcall/x', `a/health.sock`);";
    assert.deepEqual(secondHomes(program), ['17_655', "'/run/rollcall/x'", '`a/health.sock`']);
    assert.equal(secondHomes(read(HOME)).length, distinct.length + 2);
  });

  test("and the container's name is compared with by that name", () => {
    const files = [...inside('src/inject', '.ts'), ...inside('src/watcher', '.ts')];
    const literal = /\b(name|NAME)\b[^\n]*(===|!==|=) 'rollcall'/;
    const found = files.filter((file) => file !== HOME && literal.test(read(file)));
    assert.deepEqual(found, []);
  });
});

describe('deploy and the image', () => {
  test('run as the user of the contract', () => {
    const users = ['Dockerfile', 'deploy/webhook.yaml'].flatMap((file) =>
      [...read(file).matchAll(/(?:USER |rollcall:x:|runAs(?:User|Group): )(\d+)(?::(\d+))?/g)].flatMap(
        ([, ...numbers]) => numbers.filter((number) => number !== undefined),
      ),
    );
    assert.ok(users.length >= 8, users.join());
    assert.deepEqual([...new Set(users)], [`${contract.USER}`]);
  });

  test('leave out the namespaces that the injector leaves out', () => {
    const lists = inside('deploy', '.yaml')
      .flatMap((file) => [...read(file).matchAll(/\[([^\]]*kube-system[^\]]*)\]/g)])
      .map(([, list]) => list!.replaceAll("'", '').split(', '))
      // The namespace of the installation, which the chart is told; '' is a subject without one.
      .map((list) =>
        list.filter(
          (name) => !['', 'rollcall-system'].includes(name) && !name.includes('.Release.Namespace'),
        ),
      );
    assert.ok(lists.length >= 6, `${lists.length}`);
    for (const list of lists) assert.deepEqual(list, EXCLUDED_NAMESPACES);
  });

  test('look for the container by its name', () => {
    const [policy] = parseAllDocuments(read('deploy/require-injection/policy.yaml')).map((one) => one.toJS());
    const expressions = JSON.stringify(policy.spec.variables);
    const names = [...expressions.matchAll(/container\.name == '([^']*)'/g)].map(([, name]) => name);
    assert.deepEqual(names, [contract.CONTAINER, contract.CONTAINER]);
  });
});

describe('the documents', () => {
  const documents = ['README.md', 'SECURITY.md', ...inside('docs', '.md'), ...inside('deploy', '.yaml')];
  const files = [SOCKET_NAME, FILE_NAME, HEALTH_NAME];

  for (const document of documents) {
    test(`${document} names the folder and its files as the contract does`, () => {
      const text = read(document);
      for (const [folder] of text.matchAll(/\/run\/rollcall[\w-]*/g)) assert.equal(folder, DIRECTORY);
      for (const [name] of text.matchAll(/\b(members\.(json|sock)|health\.sock)\b/g)) {
        assert.ok(files.includes(name), name);
      }
    });
  }

  /** Where a reader is told of a fact; another value would have to be written there. */
  const told: Record<string, (string | number)[]> = {
    'README.md': [`${DIRECTORY}/${SOCKET_NAME}`, `${DIRECTORY}/${FILE_NAME}`, PORT],
    'docs/protocol.md': [`${DIRECTORY}/${SOCKET_NAME}`],
    'docs/reference.md': [DIRECTORY, HEALTH_NAME, PORT, SCRIPTS_PATH, contract.GRACE_SECONDS],
  };
  for (const [document, facts] of Object.entries(told)) {
    test(`${document} tells of ${facts.join(', ')}`, () => {
      for (const fact of facts) assert.ok(read(document).includes(`${fact}`), `${fact}`);
    });
  }
});
