import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Answers, answeringApi, kubeconfig } from '../answering-api.ts';
import { folder, misuse, run } from '../run.ts';

describe('which cluster', () => {
  const answers: Answers = { 'GET /version': [200, { major: '1', minor: '20', gitVersion: 'v1.20.0' }] };
  const asked = async (env: Record<string, string>, ...argv: string[]) =>
    (await run('check', argv, { env })).out.match(/at (http\S+)/)?.[1];

  test('by --kubeconfig, else $KUBECONFIG, else the file at home; --context chooses', async (t) => {
    const [first, second] = [(await answeringApi(t, answers)).url, (await answeringApi(t, answers)).url];
    const directory = await folder(t, { one: kubeconfig('one', first), two: kubeconfig('two', second) });
    const [one, two] = [join(directory, 'one'), join(directory, 'two')];
    assert.equal(await asked({ KUBECONFIG: two }, '--kubeconfig', one), first);
    assert.equal(await asked({ KUBECONFIG: two, HOME: directory }), second);
    assert.equal(await asked({ KUBECONFIG: `${one}:${two}` }), first);
    assert.equal(await asked({ KUBECONFIG: `${one}:${two}` }, '--context', 'two'), second);
    const home = await folder(t, {});
    await mkdir(join(home, '.kube'));
    await writeFile(join(home, '.kube', 'config'), kubeconfig('home', first));
    assert.equal(await asked({ HOME: home }), first);
    assert.match(
      await misuse('check', ['--context', 'three'], { KUBECONFIG: `${one}:${two}` }),
      /^--context: "three" is not in the kubeconfig; there are one two$/,
    );
    assert.match(
      await misuse('check', [], { HOME: directory }),
      /^no cluster is known; give --kubeconfig FILE/,
    );
  });
});
