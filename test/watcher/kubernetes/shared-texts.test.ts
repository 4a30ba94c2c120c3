import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedTexts } from '../../../src/watcher/kubernetes/shared-texts.ts';

test('a text stays what it is, however many there were before it', () => {
  const texts = new SharedTexts();
  for (let round = 0; round < 2; round += 1) {
    for (let node = 0; node < 15_000; node += 1) assert.equal(texts.of(`node-${node}`), `node-${node}`);
  }
});
