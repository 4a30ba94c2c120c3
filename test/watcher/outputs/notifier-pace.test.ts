/**
 * The cost of a change for a notifier: its work has a bound, however large the group is and however often it changes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silent } from '../../../src/watcher/log.ts';
import { HttpNotifier } from '../../../src/watcher/outputs/http-notifier.ts';
import type { View } from '../../../src/watcher/outputs/output.ts';
import { UdpNotifier } from '../../../src/watcher/outputs/udp-notifier.ts';
import type { Snapshot } from '../../../src/watcher/protocol.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { byIteration } from '../counted-steps.ts';
import { member, scripted, watchOf } from '../scripted-source.ts';
import { httpReceiver } from './http-receiver.ts';

/** A clock on which looking at all members takes 3 ms, as among 5,000. */
class SlowClock extends FakeClock {
  behind = 0;

  override now(): number {
    return super.now() + this.behind;
  }
}

const revisionsOf = (snapshots: readonly Snapshot[]) => snapshots.map(({ revision }) => revision);

test('HTTP: the first change is posted at once, and 20 in the pause after it as one', async (t) => {
  const { snapshots: posted, port } = await httpReceiver(t);
  const clock = new SlowClock();
  const source = scripted();
  const output = new HttpNotifier(new URL(`http://127.0.0.1:${port}/`), clock, silent);
  t.after(() => output.close());
  const watch = watchOf(source, clock);
  const snapshot = watch.snapshot.bind(watch);
  let snapshots = 0;
  watch.snapshot = () => {
    snapshots += 1;
    clock.behind += 3;
    return snapshot();
  };
  watch.add(output);
  const answered = (count: number) => eventually(`answer ${count}`, () => output.sent === count);
  source.push({ type: 'replace', parts: new Map([['a', [member('u0')]]]) });
  await answered(1);
  for (let count = 1; count <= 20; count += 1) {
    source.push({ type: 'set', key: 'a', members: [member('u0', { ready: count % 2 === 0 })] });
    await clock.advance(25);
  }
  assert.equal(watch.revision, 21);
  assert.equal(snapshots, 1, 'a change in the pause costs nothing');
  await clock.advance(99);
  assert.equal(snapshots, 1);
  await clock.advance(1);
  await answered(2);
  assert.deepEqual(
    revisionsOf(posted),
    [1, 21],
    'the last state is told 200 times 3 ms after the one before it',
  );
});

test('HTTP: a body of many pieces is one snapshot, of the length that is announced', async (t) => {
  const { snapshots: posted, port } = await httpReceiver(t);
  const output = new HttpNotifier(new URL(`http://127.0.0.1:${port}/`), new FakeClock(), silent);
  t.after(() => output.close());
  const source = scripted();
  watchOf(source, new FakeClock(), output);
  const members = Array.from({ length: 2000 }, (_, index) => member(`u${index}`, { name: `é${index}` }));
  source.push({ type: 'replace', parts: new Map([['a', members]]) });
  await eventually('an answer', () => output.sent === 1);
  assert.deepEqual(revisionsOf(posted), [1]);
});

test('UDP: a change in a group that fits no datagram costs the same among 1,000 members and 10,000', async () => {
  const steps = async (size: number) => {
    const clock = new FakeClock();
    const source = scripted();
    const watch = watchOf(source, clock);
    const members = Array.from({ length: size }, (_, index) => member(`u${index}`));
    source.push({ type: 'replace', parts: new Map([['a', members]]) });
    await settle();
    const output = new UdpNotifier(new URL('udp://127.0.0.1:9'), silent);
    try {
      return byIteration(() => output.changed(undefined, watch as View));
    } finally {
      output.close();
    }
  };
  assert.deepEqual(await steps(10_000), await steps(1000));
});
