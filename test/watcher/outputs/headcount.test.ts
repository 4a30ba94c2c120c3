import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Headcount } from '../../../src/watcher/outputs/headcount.ts';
import { parseWaitCondition } from '../../../src/watcher/texts/wait-condition.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { scripted, watchOf } from '../scripted-source.ts';
import { db, SELF } from './guarded.ts';

test('a group that nobody has heard of meets no condition', () => {
  assert.equal(new Headcount(parseWaitCondition('0')).met, false);
});

test('what is counted by the change is what a walk through all members would count', async () => {
  const state = fc.constantFrom('ready' as const, 'waiting' as const, 'terminating' as const);
  const group = fc.uniqueArray(fc.record({ ordinal: fc.nat(4), state }), {
    selector: ({ ordinal }) => ordinal,
  });
  const condition = fc.constantFrom('3', '2 ready', 'all ready', 'ordinal 1 ready').map(parseWaitCondition);
  await fc.assert(
    fc.asyncProperty(fc.array(group, { minLength: 1, maxLength: 6 }), condition, async (groups, wanted) => {
      const clock = new FakeClock();
      const source = scripted();
      const headcount = new Headcount(wanted);
      const watch = watchOf(source, clock, {
        synced: (view) => headcount.synced(view),
        changed: (delta, _view, was) => headcount.changed(delta, was),
      });
      for (const one of groups) {
        const members = one.map(({ ordinal, state }) => db(ordinal, state, ordinal === 0 ? SELF : {}));
        source.push({ type: 'replace', parts: new Map([['a', members]]) });
        await settle();
        await clock.advance(200);
        const walked = [...watch.members.values()].filter((member) => wanted.counts(member)).length;
        assert.equal(headcount.have, walked);
      }
    }),
    { numRuns: 100 },
  );
});
