import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SourceEvent } from '../../src/watcher/source.ts';
import { afterEvent, afterWaiting, type Standing, UNKNOWN } from '../../src/watcher/staleness.ts';

const LIST: SourceEvent = { type: 'replace', parts: new Map() };
const PARTIAL: SourceEvent = { type: 'replace', parts: new Map(), partial: 'no slice' };
const NO_LABELS: SourceEvent = { ...LIST, stale: { reason: 'forbidden', message: 'no labels' } };
const SET: SourceEvent = { type: 'set', key: 'a', members: [] };
const DELETE: SourceEvent = { type: 'delete', key: 'a' };
const FRESH: SourceEvent = { type: 'fresh' };
const LOST: SourceEvent = { type: 'lost', message: 'cut' };
const FORBIDDEN: SourceEvent = { type: 'failure', reason: 'forbidden', message: 'not allowed' };
const GONE: SourceEvent = { type: 'failure', reason: 'disconnected', message: 'no route' };

const after = (...events: SourceEvent[]) =>
  events.reduce((standing: Standing, event) => afterEvent(standing, event, 0), UNKNOWN);
const shown = ({ synced, stale, reason, message }: Standing) => [synced, stale, reason, message];

/** The outcome of events: whether the view is synced and stale, why, and in what words. */
const TABLE: [name: string, events: SourceEvent[], outcome: unknown[]][] = [
  ['before anything was heard it is stale', [], [false, true, undefined, undefined]],
  ['a complete list is fresh', [LIST], [true, false, undefined, undefined]],
  ['a list that is not to be trusted is stale', [PARTIAL], [true, true, 'partial', 'no slice']],
  ['nothing is fresh before the first list', [FRESH], [false, true, undefined, undefined]],
  ['a failure before the first list is remembered', [FORBIDDEN], [false, true, 'forbidden', 'not allowed']],
  ['a list ends a failure', [FORBIDDEN, LIST], [true, false, undefined, undefined]],
  ['a failure is stale at once', [LIST, GONE], [true, true, 'disconnected', 'no route']],
  ['another failure is told', [LIST, GONE, FORBIDDEN], [true, true, 'forbidden', 'not allowed']],
  ['what is followed again is fresh', [LIST, GONE, FRESH], [true, false, undefined, undefined]],
  [
    'what is partial stays so when it is followed again',
    [PARTIAL, FRESH],
    [true, true, 'partial', 'no slice'],
  ],
  ['something there ends what was partial', [PARTIAL, SET], [true, false, undefined, undefined]],
  ['and so does something that went', [PARTIAL, DELETE], [true, false, undefined, undefined]],
  ['and so does a whole list', [PARTIAL, LIST], [true, false, undefined, undefined]],
  [
    'a change ends no failure that came after what was partial',
    [PARTIAL, GONE, SET],
    [true, true, 'disconnected', 'no route'],
  ],
  ['a change ends no failure', [LIST, GONE, SET], [true, true, 'disconnected', 'no route']],
  [
    'what was partial before a failure may be whole after it',
    [PARTIAL, GONE, SET, FRESH],
    [true, false, undefined, undefined],
  ],
  [
    'a list beside which something is not followed is stale',
    [NO_LABELS],
    [true, true, 'forbidden', 'no labels'],
  ],
  [
    'what the source itself calls partial ends with a change',
    [LIST, { type: 'failure', reason: 'partial', message: 'half' }, SET],
    [true, false, undefined, undefined],
  ],
  [
    'a change leaves nothing of what was partial to the next list that fails',
    [PARTIAL, SET, GONE, FRESH],
    [true, false, undefined, undefined],
  ],
  ['a stream that is gone has a moment', [LIST, LOST], [true, false, undefined, undefined]],
];

for (const [name, events, outcome] of TABLE) {
  test(name, () => assert.deepEqual(shown(after(...events)), outcome));
}

test('a stream that is not back within a second is stale; the first loss counts', () => {
  const lost = afterEvent(afterEvent(after(LIST), LOST, 100), { type: 'lost', message: 'again' }, 900);
  assert.equal(afterWaiting(lost, 1099), lost);
  assert.deepEqual(shown(afterWaiting(lost, 1100)), [true, true, 'disconnected', 'again']);
});

test('a stream that is back in time was never stale', () => {
  const back = afterEvent(afterEvent(after(LIST), LOST, 100), FRESH, 1099);
  assert.equal(afterWaiting(back, 5000), back);
});

test('what changes nothing leaves the very same standing', () => {
  const standing = after(LIST);
  for (const event of [SET, DELETE, { type: 'evidence' }, { type: 'tick' }] as SourceEvent[])
    assert.equal(afterEvent(standing, event, 5), standing);
  const failed = after(LIST, GONE);
  assert.equal(afterEvent(failed, { ...GONE, message: 'other words' } as SourceEvent, 5), failed);
});

test('a stream that is gone changes nothing of what is stale for another reason', () => {
  const failed = afterEvent(afterEvent(after(LIST), LOST, 100), FORBIDDEN, 200);
  assert.equal(afterWaiting(failed, 5000), failed);
});
