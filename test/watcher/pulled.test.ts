import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pulled } from '../../src/watcher/pulled.ts';
import type { SourceEvent } from '../../src/watcher/source.ts';

const DELETE = (key: string): SourceEvent => ({ type: 'delete', key });

/** A source that says what the test pushes. */
function pushing() {
  let hear: (event: SourceEvent) => void = () => {};
  let fail: (error: Error) => void = () => {};
  let signal: AbortSignal | undefined;
  const events = pulled((heard, stopped) => {
    [hear, signal] = [heard, stopped];
    return new Promise((_, reject) => (fail = reject));
  });
  return {
    events,
    hear: (event: SourceEvent) => hear(event),
    fail: (error: Error) => fail(error),
    stopped: () => signal?.aborted,
  };
}

test('what was pushed meanwhile is pulled in order', async () => {
  const { events, hear } = pushing();
  const first = events.next();
  hear(DELETE('a'));
  hear(DELETE('b'));
  assert.deepEqual((await first).value, DELETE('a'));
  assert.deepEqual((await events.next()).value, DELETE('b'));
  const later = events.next();
  setImmediate(() => hear(DELETE('c')));
  assert.deepEqual((await later).value, DELETE('c'));
});

test('signs of life do not pile up before a consumer that does not ask', async () => {
  const { events, hear } = pushing();
  const first = events.next();
  hear(DELETE('a'));
  for (let second = 0; second < 1000; second += 1) {
    hear({ type: 'evidence' });
    hear({ type: 'tick' });
  }
  hear(DELETE('b'));
  await first;
  assert.deepEqual((await events.next()).value, { type: 'evidence' });
  assert.deepEqual((await events.next()).value, DELETE('b'));
});

test('a consumer that stops stops the source, and one that waits hears of its failure', async () => {
  const left = pushing();
  const first = left.events.next();
  left.hear(DELETE('a'));
  await first;
  await left.events.return(undefined as never);
  assert.equal(left.stopped(), true);
  const failing = pushing();
  const waiting = failing.events.next();
  failing.fail(new Error('a fault of our own'));
  await assert.rejects(waiting, /a fault of our own/);
});

test('a sign of life is left out behind the last event that waits, and behind no other', async () => {
  const { events, hear } = pushing();
  const first = events.next();
  for (const event of [DELETE('a'), DELETE('b'), { type: 'evidence' }, { type: 'evidence' }] as const)
    hear(event);
  hear(DELETE('c'));
  hear({ type: 'evidence' });
  const waiting = [await first];
  while (waiting.length < 5) waiting.push(await events.next());
  assert.deepEqual(
    waiting.map(({ value }) => ('key' in value ? value.key : value.type)),
    ['a', 'b', 'evidence', 'c', 'evidence'],
  );
});

test('a sign of life behind a tick is told, and a tick alone is', async () => {
  const { events, hear } = pushing();
  const first = events.next();
  hear({ type: 'tick' });
  hear({ type: 'evidence' });
  assert.deepEqual(
    [(await first).value, (await events.next()).value],
    [{ type: 'tick' }, { type: 'evidence' }],
  );
});

test('what was pushed before a failure is told before it', async () => {
  const { events, hear, fail } = pushing();
  const first = events.next();
  hear(DELETE('a'));
  hear(DELETE('b'));
  fail(new Error('a fault of our own'));
  await first;
  assert.deepEqual((await events.next()).value, DELETE('b'));
  await assert.rejects(events.next(), /a fault of our own/);
});
