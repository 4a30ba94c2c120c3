import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askingPod, reviewOf, SIZES, silentPod } from '../../../bench/webhook/reviews.ts';
import { inject } from '../../../src/inject/inject.ts';
import { INSTALL, plain } from '../../inject/pods.ts';

const context = { namespace: plain, install: INSTALL, dryRun: false };

for (const size of SIZES) {
  test(`the review of ${size} KB has about that many bytes`, () => {
    const bytes = JSON.stringify(reviewOf(askingPod(size))).length;
    assert.ok(Math.abs(bytes - size * 1000) < 0.15 * size * 1000, `${bytes} bytes`);
  });

  test(`the pod of ${size} KB is injected, and without a word about the sidecar it is skipped`, () => {
    assert.equal(inject(askingPod(size), context).decision.kind, 'inject');
    const { decision } = inject(silentPod(size), context);
    assert.ok(decision.kind === 'skip' && decision.reasons[0].code === 'not-opted-in');
  });
}
