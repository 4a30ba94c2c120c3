import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Answers, answeringApi, kubeconfig } from '../answering-api.ts';
import { folder, misuse, run } from '../run.ts';
import {
  CONFIGURATION,
  ca,
  configuration,
  DEPLOYMENT,
  fine,
  POLICY,
  unwell,
  version,
} from './checked-cluster.ts';

describe('rollcall check', () => {
  test('all is well', async (t) => {
    assert.deepEqual(await unwell(t, {}), [[], 0]);
  });

  test('old API servers', async (t) => {
    assert.match(
      (await unwell(t, { 'GET /version': version('30+') }))[0][0]!,
      /^warn api: Kubernetes v1\.30/,
    );
    const [bad, code] = await unwell(t, { 'GET /version': version('29') });
    assert.deepEqual([bad.length, code], [1, 1], 'the rest is not looked at');
  });

  test('what could not be looked at is not said to be well', async (t) => {
    const sumOf = async (answers: Answers, ...flags: string[]) => {
      const config = kubeconfig('fake', (await answeringApi(t, { ...fine, ...answers })).url);
      const directory = await folder(t, { config });
      const { out, code } = await run('check', ['--kubeconfig', join(directory, 'config'), ...flags]);
      assert.equal(code, 0);
      return out.trimEnd().split('\n').at(-1);
    };
    const partial =
      'No failure was found in what could be looked at; what is marked "warn" could not be, or may be worth a look.';
    const unreadable: Answers = { [POLICY]: [403, { message: 'no' }] };
    assert.equal(await sumOf(unreadable), partial);
    const one = { spec: { replicas: 1 }, status: { replicas: 1, updatedReplicas: 1, availableReplicas: 1 } };
    assert.equal(
      await sumOf({ ...unreadable, [DEPLOYMENT]: [200, one] }),
      partial,
      'one replica is not nothing',
    );
    const seen = 'It works; what is marked "warn" may be worth a look.';
    assert.equal(await sumOf({ [DEPLOYMENT]: [200, one] }), seen);
    const webhooks = configuration(ca, ca).webhooks.map((entry) => ({
      ...entry,
      namespaceSelector: { matchLabels: { for: 'nobody' } },
    }));
    const untried: Answers = { [CONFIGURATION]: [200, { ...configuration(ca, ca), webhooks }] };
    assert.equal(await sumOf(untried, '-n', 'default'), partial, 'no pod was tried');
  });

  test('a clock that is another', async (t) => {
    const api = await answeringApi(t, { ...fine });
    const directory = await folder(t, { config: kubeconfig('fake', api.url) });
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 120_000 });
    const { out } = await run('check', ['--kubeconfig', join(directory, 'config')]);
    t.mock.timers.reset();
    assert.match(
      out,
      /^warn {2}clock: the clock of the API server is 1[12]\d s behind the one here\n {6}see which/m,
    );
    assert.match(out, /^ {6}docs\/operations\.md#clocks$/m);
  });
});

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
      await misuse('check', ['--context', 'three'], { HOME: directory }),
      /^--context: "three" is not in the kubeconfig; no context is known; give --kubeconfig FILE, or set KUBECONFIG$/,
    );
    assert.match(
      await misuse('check', [], { HOME: directory }),
      /^no cluster is known; give --kubeconfig FILE/,
    );
  });
});
