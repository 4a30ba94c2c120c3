import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Part } from '../../../src/watcher/membership/part.ts';
import { PartIndex } from '../../../src/watcher/membership/part-index.ts';
import { PartsByUid } from '../../../src/watcher/membership/parts-by-uid.ts';
import { byIteration } from '../counted-steps.ts';
import { member } from '../scripted-source.ts';

const part = (key: string): Part => ({ key, members: [] });

test('the parts of a uid are each there once, in the order of their keys, until they are taken away', () => {
  const parts = new PartsByUid();
  const [a, b, c] = [part('a'), part('b'), part('c')];
  assert.deepEqual(parts.of('u'), []);
  for (const one of [b, c, a, b]) parts.add('u', one);
  parts.add('v', c);
  assert.deepEqual([parts.of('u'), parts.of('v')], [[a, b, c], [c]]);
  parts.delete('u', b);
  assert.deepEqual(parts.of('u'), [a, c]);
  parts.delete('u', b);
  parts.delete('u', a);
  assert.deepEqual(parts.of('u'), [c]);
  parts.delete('u', c);
  parts.delete('w', c);
  assert.deepEqual([parts.of('u'), parts.of('v')], [[], [c]]);
});

test('what a part tells of a uid is walked for twice, and looked up from then on, until it is cleared', () => {
  const index = new PartIndex();
  const members = Array.from({ length: 100 }, (_, at) => member(`u${at}`));
  const twice = [...members, member('u7', { ready: false })];
  const whole: Part = { key: 'a', members: twice };
  const steps = () =>
    byIteration(() => {
      const told = index.of(whole, 'u7');
      assert.deepEqual(
        told.map(({ ready }) => ready),
        [true, false],
      );
    });
  steps();
  steps();
  assert.ok(steps() < 50, 'nobody else is looked at');
  assert.deepEqual(index.of(whole, 'nobody'), []);
  whole.members = [member('u8')];
  index.clear();
  assert.deepEqual(index.of(whole, 'u7'), []);
});
