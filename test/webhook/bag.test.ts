import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { Bag } from '../../src/webhook/bag.ts';

test('a bag holds what a set holds', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(5))), (steps) => {
      const all = Array.from({ length: 6 }, () => ({ place: -1 }));
      const bag = new Bag<{ place: number }>();
      const model = new Set<{ place: number }>();
      for (const [adds, index] of steps) {
        const member = all[index]!;
        if (!adds) assert.equal(bag.delete(member), model.delete(member));
        else if (!model.has(member)) {
          bag.add(member);
          model.add(member);
        }
        assert.deepEqual(
          all.map((one) => bag.has(one)),
          all.map((one) => model.has(one)),
        );
        assert.deepEqual(new Set(bag), model);
      }
    }),
  );
});

test('members may go while a bag is gone through', () => {
  const bag = new Bag<{ place: number }>();
  for (let count = 0; count < 5; count += 1) bag.add({ place: -1 });
  let seen = 0;
  for (const member of bag) {
    bag.delete(member);
    seen += 1;
  }
  assert.deepEqual([seen, [...bag]], [5, []]);
});

test('what has come and gone is not taken into the old generation', () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as (options: { type: 'minor' }) => void;
  const minor = () => {
    gc({ type: 'minor' });
    gc({ type: 'minor' });
  };
  const oldBytes = () =>
    getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space')!.space_used_size;
  const bag = new Bag<{ place: number; payload: number[] }>();
  const member = () => ({ place: -1, payload: Array.from({ length: 1000 }, () => 0.5) });
  let last = member();
  bag.add(last);
  minor();
  const before = oldBytes();
  // 8 MB in all.
  for (let count = 0; count < 1000; count += 1) {
    const next = member();
    bag.add(next);
    bag.delete(last);
    last = next;
    if (count % 50 === 49) minor();
  }
  const grown = oldBytes() - before;
  assert.ok(grown < 1e6, `the old generation has grown by ${grown} bytes`);
});
