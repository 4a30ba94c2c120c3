import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Answers, answeringApi, kubeconfig } from '../answering-api.ts';
import { folder, run } from '../run.ts';
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
});
