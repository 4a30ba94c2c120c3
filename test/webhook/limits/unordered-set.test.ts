import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { UnorderedSet } from '../../../src/webhook/limits/unordered-set.ts';

test('an unordered set holds what a set holds', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(5))), (steps) => {
      const all = Array.from({ length: 6 }, () => ({ index: -1 }));
      const set = new UnorderedSet<{ index: number }>();
      const model = new Set<{ index: number }>();
      for (const [adds, index] of steps) {
        const member = all[index]!;
        if (!adds) assert.equal(set.delete(member), model.delete(member));
        else if (!model.has(member)) {
          set.add(member);
          model.add(member);
        }
        assert.deepEqual(
          all.map((one) => set.has(one)),
          all.map((one) => model.has(one)),
        );
        assert.deepEqual(new Set(set), model);
      }
    }),
  );
});

test('members may go while a set is gone through', () => {
  const set = new UnorderedSet<{ index: number }>();
  for (let count = 0; count < 5; count += 1) set.add({ index: -1 });
  let seen = 0;
  for (const member of set) {
    set.delete(member);
    seen += 1;
  }
  assert.deepEqual([seen, [...set]], [5, []]);
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
  const set = new UnorderedSet<{ index: number; payload: number[] }>();
  const member = () => ({ index: -1, payload: Array.from({ length: 1000 }, () => 0.5) });
  let last = member();
  set.add(last);
  minor();
  const before = oldBytes();
  // 8 MB in all.
  for (let count = 0; count < 1000; count += 1) {
    const next = member();
    set.add(next);
    set.delete(last);
    last = next;
    if (count % 50 === 49) minor();
  }
  const grown = oldBytes() - before;
  assert.ok(grown < 1e6, `the old generation has grown by ${grown} bytes`);
});
