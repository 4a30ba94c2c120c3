import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EventRate, resumes } from '../../../src/watcher/kubernetes/resume.ts';

const TWENTY_A_SECOND = 20 / 1000;

test('a watch goes on as long as it has missed no more writes than there are objects', () => {
  assert.equal(resumes({ awayMs: 400, perMs: TWENTY_A_SECOND, objects: 10 }), true);
  assert.equal(resumes({ awayMs: 600, perMs: TWENTY_A_SECOND, objects: 10 }), false);
  assert.equal(resumes({ awayMs: 600, perMs: TWENTY_A_SECOND, objects: 100 }), true);
});

test('a quiet collection goes on however long it was away, and so does an empty one after a moment', () => {
  assert.equal(resumes({ awayMs: 3_600_000, perMs: 0, objects: 1 }), true);
  assert.equal(resumes({ awayMs: 10, perMs: TWENTY_A_SECOND, objects: 0 }), true);
});

test('longer away and more events never speak for going on, more objects never against', () => {
  const number = fc.integer({ min: 0, max: 1_000_000 });
  fc.assert(
    fc.property(number, number, number, number, (awayMs, rate, objects, more) => {
      const perMs = rate / 1000;
      const goes = resumes({ awayMs, perMs, objects });
      if (!goes) assert.equal(resumes({ awayMs: awayMs + more, perMs, objects }), false);
      if (!goes) assert.equal(resumes({ awayMs, perMs: perMs + more, objects }), false);
      if (goes) assert.equal(resumes({ awayMs, perMs, objects: objects + more }), true);
    }),
  );
});

test('the rate is that of the last minute: steady events count in full, old ones fade', () => {
  const rate = new EventRate();
  let now = 0;
  for (; now < 600_000; now += 50) rate.note(1, now);
  assert.ok(Math.abs(rate.perMs - TWENTY_A_SECOND) < 0.05 * TWENTY_A_SECOND, `${rate.perMs}`);
  rate.note(1, now + 600_000);
  assert.ok(rate.perMs < TWENTY_A_SECOND / 500, `${rate.perMs} after ten quiet minutes`);
});
