import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { coalesce, NEVER_TOLD, type Untold } from '../../src/watcher/coalesce.ts';

test('the first change is due at once, and a departure 20 ms later', () => {
  assert.deepEqual(coalesce(undefined, false, 1000, NEVER_TOLD), { since: 1000, due: NEVER_TOLD });
  assert.deepEqual(coalesce(undefined, true, 1000, NEVER_TOLD), { since: 1000, due: 1020 });
});

test('a change within 20 ms of the last delta waits for the rest of them', () => {
  assert.equal(coalesce(undefined, false, 1005, 1000).due, 1020);
  assert.ok(coalesce(undefined, false, 1020, 1000).due <= 1020);
});

test('what waits beside a departure waits with it', () => {
  const join = coalesce(undefined, false, 1000, 990);
  assert.equal(join.due, 1010);
  assert.deepEqual(coalesce(join, true, 1005, 990), { since: 1000, due: 1025 });
  assert.deepEqual(coalesce({ since: 1000, due: 1025 }, false, 1006, 990), { since: 1000, due: 1025 });
});

test('departures that never pause are told after 100 ms', () => {
  let untold: Untold | undefined;
  for (let now = 1000; now < 1100; now += 10) untold = coalesce(untold, true, now, NEVER_TOLD);
  assert.deepEqual(untold, { since: 1000, due: 1100 });
});

test('nothing waits for more than 100 ms, however many departures there are', () => {
  // Most pauses are shorter than the window: with longer ones hardly any run reaches the limit.
  const steps = fc.array(fc.record({ departs: fc.boolean(), after: fc.integer({ min: 0, max: 22 }) }), {
    size: 'medium',
  });
  fc.assert(
    fc.property(steps, fc.integer({ min: -50, max: 0 }), (changes, toldAt) => {
      let [untold, now]: [Untold | undefined, number] = [undefined, 0];
      for (const { departs, after } of changes) {
        now += after;
        if (untold !== undefined && untold.due <= now) return;
        const due: number = untold?.due ?? Number.NEGATIVE_INFINITY;
        untold = coalesce(untold, departs, now, toldAt);
        assert.ok(untold.due - untold.since <= 100);
        assert.ok(untold.due >= due, 'a change brings nothing forward');
        if (departs)
          assert.ok(untold.due === now + 20 || untold.due === untold.since + 100 || untold.due === due);
      }
    }),
  );
});
