import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from '../../../src/cli/document/parse.ts';
import { at } from '../../../src/cli/document/value.ts';
import { run } from '../run.ts';
import { ASKS, CONTAINERS, HEAD, injected } from './asking-pod.ts';

describe('what stands beside what is added', () => {
  test('anchors, aliases and merge keys come back', async () => {
    const { out } = await injected(
      `${HEAD}spec:\n  initContainers:\n  - &b {name: prep, image: i, volumeMounts: &m [{name: d, mountPath: /d}]}\n` +
        '  volumes: [{name: d, emptyDir: {}}]\n  containers:\n  - <<: *b\n    name: c\n  - name: e\n    image: i\n    volumeMounts: *m\n',
    );
    assert.match(out, /&b \{name: prep/);
    assert.match(out, /<<: \*b/);
  });

  test('of a merge key and a key above it, the merge key counts, as for kubectl', () => {
    const value = parse('b: &b {a: 2, c: 3}\nd:\n  a: 1\n  <<: *b\n  c: 4\n').value;
    assert.deepEqual(at(value, ['d']), { a: 2, c: 4 });
  });

  const comments = [
    '    # resources:\n    #   limits: 1\n',
    '#    resources:\n',
    '\n    # after a blank line\n',
    '  # - name: second\n',
  ];
  for (const comment of comments) {
    test(`a trailing comment stays with its container: ${JSON.stringify(comment)}`, async () => {
      const { out } = await injected(`${HEAD}spec:\n${CONTAINERS}${comment}`);
      const [at, next] = [out.indexOf(comment), out.indexOf('\n  initContainers:')];
      assert.ok(at !== -1 && at < next, out);
      assert.ok(out.indexOf('image: i') < at && out.slice(at).includes('serviceAccountName'));
    });
  }

  test('a comment at the end of the document stays at its end', async () => {
    const { out } = await injected(`${HEAD}spec:\n${CONTAINERS}\n# the end\n`);
    assert.ok(out.endsWith('\n# the end\n'));
  });

  test('a document on the line of its marker stays there', async () => {
    const input = `--- {apiVersion: v1, kind: Pod, metadata: {name: p, annotations: {${ASKS}}}, spec: {containers: [{name: c}]}}\n`;
    for (const argv of [[], ['--no-access']]) {
      const { out } = await run('inject', ['-f', '-', ...argv], { input });
      assert.equal((await run('uninject', ['-f', '-'], { input: out })).out, input);
    }
  });

  test('Lists within Lists, and containers without a name, keep their text', async () => {
    const pod = `{apiVersion: v1, kind: Pod, metadata: {name: p, annotations: {${ASKS}}}, spec: {containers: [{image: i}]}} # own`;
    const { out, err } = await injected(
      `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List # inner\n  items:\n  - ${pod}\n`,
    );
    assert.doesNotMatch(err, /anew/);
    assert.match(out, /kind: List # inner\n/);
    assert.match(out, / # own\n$/);
  });
});
