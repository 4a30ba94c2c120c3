import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedTexts } from '../../../src/watcher/kubernetes/shared-texts.ts';

const isNode = (text: string) => text.startsWith('node-');

test('a text stays what it is, however many there were before it', () => {
  const texts = new SharedTexts();
  for (let round = 0; round < 2; round += 1) {
    for (let node = 0; node < 15_000; node += 1)
      assert.equal(texts.of(`node-${node}`, isNode), `node-${node}`);
  }
});

test('a text that is sound in one place may not be in another, whatever was seen before', () => {
  const texts = new SharedTexts();
  assert.equal(
    texts.of('Zone_1', () => true),
    'Zone_1',
  );
  assert.equal(texts.of('Zone_1', isNode), undefined);
});
