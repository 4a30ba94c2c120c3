import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { collectGarbage, GarbageCollection } from '../../src/sidecar/garbage.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { member, scripted, watchOf } from '../watcher/scripted-source.ts';

test('garbage is collected once, a second after the first list', async () => {
  const clock = new FakeClock();
  const source = scripted();
  const collectedAt: number[] = [];
  watchOf(source, clock, new GarbageCollection(clock, () => collectedAt.push(clock.now())));
  await clock.advance(5000);
  assert.deepEqual(collectedAt, []);
  source.push({ type: 'replace', parts: new Map() });
  await settle();
  await clock.advance(999);
  assert.deepEqual(collectedAt, []);
  await clock.advance(1);
  source.push({ type: 'set', key: 'a', members: [member('u0')] });
  await clock.advance(60_000);
  assert.deepEqual(collectedAt, [6000]);
});

test('groups that become known together have it collected once', async () => {
  const clock = new FakeClock();
  let collected = 0;
  const garbage = new GarbageCollection(clock, () => (collected += 1));
  for (const source of [scripted(), scripted(), scripted()]) {
    watchOf(source, clock, garbage);
    source.push({ type: 'replace', parts: new Map() });
  }
  await settle();
  await clock.advance(60_000);
  assert.equal(collected, 1);
});

test('collecting frees what nobody holds any more, and leaves no gc behind', () => {
  const held = new WeakRef({ text: 'nobody needs this' });
  return new Promise<void>((resolve) => {
    // In a later turn: a WeakRef holds its target to the end of the turn that made it.
    setImmediate(() => {
      collectGarbage();
      assert.equal(held.deref(), undefined);
      assert.equal(runInNewContext('typeof gc'), 'undefined');
      resolve();
    });
  });
});

test('the young generation of a process without options stays small under churn', () => {
  const garbage = new URL('../../src/sidecar/garbage.ts', import.meta.url).href;
  const churn = (prepare: string) => {
    const script = `
      import { getHeapSpaceStatistics } from 'node:v8';
      ${prepare}
      let [held, largest] = [[], 0];
      for (let round = 0; round < 200; round += 1) {
        held = Array.from({ length: 20_000 }, (_, index) => ({ index, text: \`member \${index}\` }));
        const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
        largest = Math.max(largest, space.space_size);
      }
      console.log(largest);`;
    const { NODE_OPTIONS: _, ...env } = process.env;
    const args = ['--input-type=module', '--eval', script];
    return Number(execFileSync(process.execPath, args, { env, encoding: 'utf8' }));
  };
  const small = churn(`(await import('${garbage}')).keepYoungGenerationSmall();`);
  const grown = churn('');
  assert.ok(grown >= 32_000_000, `it grows by itself, to ${grown} bytes`);
  assert.ok(small <= 16_000_000, `${small} bytes`);
});
