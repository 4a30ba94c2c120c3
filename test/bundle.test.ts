/** The program as it is in the image: bundled, it finds what it imports only when it needs it. */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Attacked } from './attack/attacked.ts';
import { askingPod, review } from './attack/reviews.ts';
import { bundle } from './support/bundle.ts';

test('the bundled webhook issues its certificate, serves and injects', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const { main } = await bundle(directory);
  const attacked = await Attacked.start({}, () => {}, main);
  t.after(() => attacked.stop());
  const { text, operations } = await attacked.review(review(askingPod()));
  assert.ok(operations.length > 0, text);
});
