import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ASKS, CONTAINERS, HEAD, refused } from './asking-pod.ts';

describe('an annotation without quotes is refused with the advice to quote it', () => {
  for (const word of ['off', 'on', 'yes', 'y', 'no', 'n', 'false', '1_0', '0400', '1.0']) {
    test(word, async () => {
      const err = await refused(
        `${HEAD.replace(ASKS, `${ASKS}, rollcall.dev/port: ${word}`)}spec:\n${CONTAINERS}`,
      );
      assert.ok(err.includes(`annotation rollcall.dev/port: ${word} is a `), err);
      assert.ok(err.includes(`write "${word}" with quotes`), err);
    });
  }

  test('also one of a Namespace, which the API server would refuse', async () => {
    const namespace =
      'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, annotations: {rollcall.dev/wait-for: 3}}\n';
    const err = await refused(`${namespace}---\n${HEAD}spec:\n${CONTAINERS}`);
    assert.match(
      err,
      /^namespace\/shop: refused \(bad-value\): annotation rollcall\.dev\/wait-for: 3 is a number/m,
    );
  });
});
