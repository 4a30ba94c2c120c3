import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_PAUSE_MS, Pace } from '../../../src/watcher/outputs/pace.ts';
import { FakeClock } from '../../support/fake-clock.ts';

test('the first work begins at once, the next when 200 times what it took is over, a second at most', async () => {
  const clock = new FakeClock();
  const pace = new Pace(clock);
  assert.equal(pace.wait(), 0);
  const work = async (milliseconds: number) => {
    const began = clock.now();
    await clock.advance(milliseconds);
    pace.worked(began);
    return pace.wait();
  };
  assert.equal(await work(2), 400);
  await clock.advance(399);
  assert.equal(pace.wait(), 1);
  await clock.advance(100);
  assert.equal(pace.wait(), 0);
  assert.equal(await work(5), 1000);
  assert.equal(await work(60_000), MAX_PAUSE_MS);
});
