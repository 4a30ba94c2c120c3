/** NOTICE names what is bundled; `npm run golden` renews it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { notice } from './notice/notice.ts';
import { built } from './support/bundle.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

test('NOTICE has the name, version and license of each package that is bundled', async (t) => {
  const directory = await temporaryFolder(t);
  const inputs = [await built('program', directory), await built('modules', directory)];
  const text = await notice(inputs.flat());
  assert.match(text, /^express \d[\d.]*: MIT$/m);
  assert.doesNotMatch(text, /: undefined$/m, 'a package that does not say its license');
  t.assert.fileSnapshot(text, fileURLToPath(new URL('../NOTICE', import.meta.url)), {
    serializers: [String],
  });
});
