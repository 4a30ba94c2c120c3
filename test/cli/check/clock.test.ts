import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { answeringApi, kubeconfig } from '../answering-api.ts';
import { folder, run } from '../run.ts';
import { fine } from './checked-cluster.ts';

describe('rollcall check', () => {
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
