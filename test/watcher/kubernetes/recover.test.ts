/** Every kind of error in every phase: where the reflector goes on, how soon, and what it tells. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Timeout } from '../../../src/watcher/clock.ts';
import { ApiError } from '../../../src/watcher/kubernetes/api-error.ts';
import {
  isConnectionEnd,
  ListStalled,
  ListUnfinished,
  recover,
} from '../../../src/watcher/kubernetes/recover.ts';
import { Corrupt } from '../../../src/watcher/lines.ts';
import { ended, inStream, NOW, PHASES, type PhaseName, refused, shown, stateOf } from './recovering.ts';

const withCode = (code: string) => Object.assign(new Error(`it is ${code}`), { code });

const AS_IT_WAS: Record<PhaseName, string> = {
  listing: 'listing 7',
  'first page': 'paging 7',
  'later page': 'paging 7',
  watching: 'watching 9',
};
const everywhere = (what: string): Record<PhaseName, string> => ({
  listing: `${AS_IT_WAS.listing}, ${what}`,
  'first page': `${AS_IT_WAS['first page']}, ${what}`,
  'later page': `${AS_IT_WAS['later page']}, ${what}`,
  watching: `${AS_IT_WAS.watching}, ${what}`,
});
const fromTheStart = (what: string): Record<PhaseName, string> => ({
  listing: `listing '', ${what}`,
  'first page': `paging '', ${what}`,
  'later page': `paging '', ${what}`,
  watching: `listing '', ${what}`,
});

/** The recovery from the first error of each kind. */
const TABLE: readonly [error: string, made: () => unknown, Partial<Record<PhaseName, string>>][] = [
  [
    'a connection that can not be made',
    () => withCode('ECONNREFUSED'),
    everywhere('backoff 0, failure disconnected'),
  ],
  [
    'no answer',
    () => new Timeout('the API server did not answer'),
    everywhere('backoff 0, failure disconnected'),
  ],
  ['bytes that make no sense', () => new Corrupt('no JSON'), everywhere('backoff 0, failure disconnected')],
  ['an error of ours', () => new TypeError('oh'), everywhere('backoff 0, failure disconnected')],
  ['a certificate that is not trusted', () => withCode('CERT_HAS_EXPIRED'), everywhere('none, lost, reread')],
  ['401', () => refused(401), everywhere('none, lost, reread')],
  ['401 in the stream', () => inStream(401), everywhere('none, lost, reread')],
  ['403', () => refused(403), everywhere('backoff 0, failure forbidden')],
  ['404', () => refused(404), everywhere('backoff 0, failure disconnected')],
  [
    '400',
    () => refused(400),
    { ...everywhere('backoff 0, failure disconnected'), listing: 'paging 7, none, lost' },
  ],
  [
    '422',
    () => refused(422),
    { ...everywhere('backoff 0, failure disconnected'), listing: 'paging 7, none, lost' },
  ],
  ['410', () => refused(410), { ...fromTheStart('none, lost'), 'later page': 'whole list 7, none, nothing' }],
  [
    '410 in the stream',
    () => inStream(410),
    { listing: "listing '', none, lost", watching: "listing '', none, lost" },
  ],
  ['429', () => refused(429, { retryAfterSeconds: 7 }), everywhere('backoff 7000, failure disconnected')],
  [
    '429 in the stream',
    () => inStream(429, { retryAfterSeconds: 7 }),
    everywhere('backoff 7000, failure disconnected'),
  ],
  ['500', () => refused(500, { retryAfterSeconds: 7 }), everywhere('backoff 0, failure disconnected')],
  ['500 in the stream', () => inStream(500), everywhere('backoff 0, failure disconnected')],
  ['503', () => refused(503, { retryAfterSeconds: 7 }), everywhere('backoff 7000, failure disconnected')],
  [
    'a version that the server has not reached',
    () => refused(504, { causes: ['ResourceVersionTooLarge'] }),
    fromTheStart('backoff 0, failure disconnected'),
  ],
  ['a list that stalled', () => new ListStalled('silence'), { listing: 'paging 7, none, lost' }],
  [
    'a list that was cut',
    () => new ListUnfinished('cut'),
    { listing: 'listing 7, backoff 0, failure disconnected' },
  ],
  ['a watch that ended', () => ended({}), { watching: 'watching 9, jitter, lost' }],
  ['a watch that ended silently', () => ended({ lived: false }), { watching: 'watching 9, jitter, lost' }],
  [
    'a watch that ended silently, and at once',
    () => ended({ lived: false, lasted: 999 }),
    { watching: 'watching 9, backoff 0, failure disconnected' },
  ],
  [
    'a watch that ended silently, after a second',
    () => ended({ lived: false, lasted: 1000 }),
    { watching: 'watching 9, jitter, lost' },
  ],
  [
    'a watch that ended at once, with an event',
    () => ended({ lasted: 1 }),
    { watching: 'watching 9, jitter, lost' },
  ],
  ['a safety list that is due', () => ended({ relist: true }), { watching: "listing '', jitter, lost" }],
  [
    'a safety list that is due at once',
    () => ended({ relist: true, lived: false, lasted: 1 }),
    { watching: "listing '', jitter, lost" },
  ],
];

for (const [error, made, outcomes] of TABLE) {
  describe(error, () => {
    for (const [phase, outcome] of Object.entries(outcomes)) {
      test(`while ${phase}: ${outcome}`, () => {
        assert.equal(shown(recover(made(), stateOf(phase as PhaseName), NOW)), outcome);
      });
    }
  });
}

test('what was asked for anew is told with what happened', () => {
  const { event } = recover(
    new ApiError({ code: 403, message: 'no' }, 'response', 0),
    stateOf('watching'),
    NOW,
  );
  assert.deepEqual(event, { type: 'failure', reason: 'forbidden', message: 'the API server says 403: no' });
});

test('the state that was given stays as it was', () => {
  for (const [, made] of TABLE)
    for (const phase of Object.keys(PHASES) as PhaseName[]) {
      const state = stateOf(phase);
      const before = structuredClone(state);
      recover(made(), state, NOW);
      assert.deepEqual(state, before);
    }
});

test('what broke a connection, or left it silent, is told from all else', () => {
  for (const end of [new Timeout('silence'), withCode('ECONNRESET')])
    assert.equal(isConnectionEnd(end), true);
  for (const other of [new Corrupt('no JSON'), refused(500), Object.assign(new Error(), { code: 5 })])
    assert.equal(isConnectionEnd(other), false);
});
