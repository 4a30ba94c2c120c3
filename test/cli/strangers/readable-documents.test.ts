import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from '../../../src/cli/document/parse.ts';
import { run } from '../run.ts';
import { CONTAINERS, HEAD, inject, injected, refused } from './asking-pod.ts';

describe('what kubectl reads is read, and what does not ask passes', () => {
  const asking = `${HEAD}spec:\n${CONTAINERS}`;
  const odd: [what: string, document: string][] = [
    ['quoted text that goes on at the margin', "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: 'one\ntwo'\n"],
    ['a key twice', 'apiVersion: v1\nkind: ConfigMap\ndata: {k: a, k: b}\n'],
    ['a template that is not rendered', '{{ if .x }}\na: {{ .Values.b }}\n{{ end }}\n'],
    ['no YAML at all', 'a: [\n- }\n\t x: "\n'],
    ['a lone CR', 'apiVersion: v1\rkind: ConfigMap\n'],
    ['brackets at the margin', 'a: {\n"b": [\n1\n]\n}\n'],
    ['tabs in brackets', 'a: [\n\t"b",\n\t"c"\n]\n'],
    ['nothing', '# only this\n'],
    [
      'aliases of aliases',
      `a: &a [x]\n${'bcdefghij'.replace(/./g, (key, index) => `${key}: &${key} [${`*${'abcdefghij'[index]},`.repeat(9)}]\n`)}`,
    ],
    ['a line separator', 'a: "b\u2028c"\n'],
  ];
  for (const [what, document] of odd) {
    test(`${what}: beside a pod that is injected`, async () => {
      for (const input of [`${document}---\n${asking}`, `${asking}---\n${document}`]) {
        const { out, code } = await inject(input);
        assert.equal(code, 0);
        assert.ok(out.includes(document));
        assert.equal((await run('uninject', ['-f', '-'], { input: out })).out, input);
      }
    });
  }

  const readable: [what: string, spec: string][] = [
    ['quoted text that goes on at the margin', `${CONTAINERS}    command: ["one\ntwo", 'three\n\nfour']\n`],
    ['quoted text in a block', `  x: 'one\ntwo'\n${CONTAINERS}`],
    ['brackets that close at the margin', `${CONTAINERS}    args: [\n"a",\n"b"\n]\n`],
    ['tabs in brackets', `${CONTAINERS}    args: [\n\t"a",\t"b" ]\n`],
    ['tabs before comments', `  hostPID: false\t# no\n${CONTAINERS}`],
    ['a comment without a blank', `  x: 'y'# z\n${CONTAINERS}    args: ["a"]# b\n`],
    ['a key twice', `  hostPID: true\n  hostPID: false\n${CONTAINERS}`],
    ['explicit keys', `  ? hostPID\n  : false\n${CONTAINERS}`],
    ['an end of the document', `${CONTAINERS}...\n`],
  ];
  for (const [what, spec] of readable) {
    test(`${what}: in a pod that is injected`, async () => {
      await injected(`${HEAD}spec:\n${spec}`);
    });
  }

  test('lone CRs, in all of it', async () => {
    const { out } = await inject(asking.replaceAll('\n', '\r'));
    assert.ok(!out.includes('\n'));
    assert.equal((await run('uninject', ['-f', '-'], { input: out })).out, asking.replaceAll('\n', '\r'));
  });

  test('what is nested too deep is told so, and passes', async () => {
    for (const document of [
      `a: ${'['.repeat(5000)}${']'.repeat(5000)}\n`,
      `a: ${'{b: '.repeat(5000)}1${'}'.repeat(5000)}\n`,
    ]) {
      const { out, err } = await inject(`${document}---\n${asking}`);
      assert.ok(out.includes(document));
      assert.match(err, /^rollcall: stdin: it is nested too deep to be read; /m);
    }
  });

  test('what can not be read and asks is refused with the line', async () => {
    assert.match(await refused(`${asking}  x: [\n`), /^rollcall: stdin:\d+: /);
    assert.match(await refused(`${asking}  x: .inf\n`), /\.inf is no number that kubectl can send/);
    assert.match(await refused(`${asking}  x: *nobody\n`), /\*nobody stands for nothing/);
    assert.match(await refused(`${asking}  x: a\u2028b\n`), /^rollcall: stdin:10: a line separator/);
    assert.match(
      await refused(`a: 1\n...\n${asking}`),
      /^rollcall: stdin:3: .*write --- in a line before it/,
    );
  });

  test('JSON after empty lines comes back with them', async () => {
    const input =
      '\n {"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","annotations":{"rollcall.dev/inject":"true",' +
      '"rollcall.dev/service":"x"}},"spec":{"containers":[{"name":"c"}]}}\n\n';
    const { out } = await run('inject', ['-f', '-'], { input });
    assert.equal(parse(out).json, true);
    assert.equal((await run('uninject', ['-f', '-'], { input: out })).out, input);
  });

  test('JSON objects one after another, with or without blanks, and by the rules of JSON', async () => {
    const pod = (name: string) =>
      `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"${name}","annotations":{"rollcall.dev\\/inject":"true",` +
      '"rollcall.dev/service":"x"}},"spec":{"containers":[{"name":"c","image":"\\ud83d\\ude00"}]}}';
    const map = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"}}';
    for (const input of [`${map}\n${map}\n`, `${map}${map}`]) assert.equal((await inject(input)).out, input);
    for (const input of [
      `${map}\n${pod('a')}\n${pod('b')}\n`,
      `${pod('a')}${map}`,
      ` ${pod('a')}\n\n ${map}`,
    ]) {
      for (const access of [[], ['--no-access']]) {
        const { out, err } = await run('inject', ['-f', '-', ...access], { input });
        assert.match(err, /pod\/a: injected/);
        assert.doesNotMatch(out, /---/);
        assert.equal((await run('uninject', ['-f', '-'], { input: out })).out, input);
      }
    }
  });
});
