/** Every kind of error in every phase: where the reflector goes on, how soon, and what it tells. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Timeout } from '../../../src/watcher/clock.ts';
import { ApiError, type StatusObject, statusError } from '../../../src/watcher/kubernetes/api-error.ts';
import {
  ListStalled,
  ListUnfinished,
  type Recovery,
  recover,
  WatchEnded,
} from '../../../src/watcher/kubernetes/recover.ts';
import { type History, type Phase, START, type State } from '../../../src/watcher/kubernetes/states.ts';
import { Corrupt } from '../../../src/watcher/lines.ts';

const NOW = 100_000;

const later = new Map([['a', []]]);
const PHASES = {
  listing: { name: 'listing', from: '7' },
  'first page': { name: 'paging', from: '7', next: '', paged: true, pages: 0, parts: new Map() },
  'later page': { name: 'paging', from: '7', next: 'token', paged: true, pages: 0, parts: later },
  watching: { name: 'watching', version: '9' },
} satisfies Record<string, Phase<never>>;
type PhaseName = keyof typeof PHASES;

const refused = (code: number, more: StatusObject = {}) => statusError({ code, ...more }, 'response');
const inStream = (code: number, more: StatusObject = {}) => statusError({ code, ...more }, 'stream');
const withCode = (code: string) => Object.assign(new Error(`it is ${code}`), { code });
const ended = (given: Partial<WatchEnded>) =>
  new WatchEnded('the watch ended', { lasted: 2000, lived: true, relist: false, ...given });

/** The state of a phase; a server that is asked for pages is one without streaming lists. */
function stateOf(name: PhaseName, history: Partial<History> = {}): State<never> {
  const phase = PHASES[name];
  return { phase, history: { ...START.history, streamingLists: phase.name !== 'paging', ...history } };
}

/** `listing ''`, `paging 7 token`, `watching 9`, as the table says it. */
function shown({ state: { phase }, delay, event, rereadCredentials }: Recovery<never>): string {
  const place =
    phase.name === 'watching'
      ? `watching ${phase.version}`
      : phase.name === 'listing'
        ? `listing ${phase.from || "''"}`
        : `${phase.paged ? 'paging' : 'whole list'} ${phase.from || "''"}${phase.next && ` ${phase.next}`}`;
  const pause = typeof delay === 'string' ? delay : `backoff ${delay.leastMs}`;
  const said = event === undefined ? 'nothing' : event.type === 'lost' ? 'lost' : `failure ${event.reason}`;
  return [place, pause, said, ...(rereadCredentials ? ['reread'] : [])].join(', ');
}

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

describe('the second time', () => {
  const again = (error: unknown, history: Partial<History>, phase: PhaseName = 'watching') =>
    recover(error, stateOf(phase, history), NOW);

  test('401 counts as a failure, and the token is read again all the same', () => {
    const first = recover(refused(401), stateOf('watching'), NOW);
    assert.equal(first.state.history.mayReread, false);
    assert.equal(
      shown(recover(refused(401), first.state, NOW)),
      'watching 9, backoff 0, failure unauthorized, reread',
    );
  });

  test('410 within ten seconds backs off; later it does not', () => {
    const first = recover(inStream(410), stateOf('watching'), NOW);
    assert.equal(
      shown(recover(inStream(410), first.state, NOW + 9999)),
      "listing '', backoff 0, failure disconnected",
    );
    assert.equal(shown(recover(inStream(410), first.state, NOW + 10_000)), "listing '', none, lost");
  });

  test('an error in the stream lists from what was applied last', () => {
    const first = recover(inStream(500), stateOf('watching'), NOW);
    assert.equal(first.state.history.versionFailures, 1);
    assert.equal(
      shown(recover(inStream(500), first.state, NOW)),
      'listing 9, backoff 0, failure disconnected',
    );
  });

  test('bytes that make no sense list from what was applied last, and what fails after that lists consistently', () => {
    const again = new Corrupt('no JSON');
    for (const [phase, listed] of [
      ['watching', 'listing 9'],
      ['later page', 'paging 7'],
    ] as const) {
      const first = recover(again, stateOf(phase), NOW);
      assert.equal(first.state.history.versionFailures, 1);
      const second = recover(again, first.state, NOW);
      assert.equal(shown(second), `${listed}, backoff 0, failure disconnected`);
      const third = recover(refused(404), second.state, NOW);
      assert.match(shown(third), /^(listing|paging) '', backoff 0/);
    }
  });

  test('an error that says nothing of versions leaves the version as it is, in a stream too', () => {
    for (const status of [403, 408, 429])
      for (const error of [refused(status), inStream(status)]) {
        const first = recover(error, stateOf('watching'), NOW);
        assert.match(shown(recover(error, first.state, NOW)), /^watching 9, backoff 0, failure/, `${status}`);
      }
  });

  test('a list as a whole that comes in pages all the same, of which one expires, backs off', () => {
    const { phase, history } = stateOf('later page');
    const whole = { phase: { ...phase, paged: false } as Phase<never>, history };
    const first = recover(refused(410), whole, NOW);
    assert.equal(shown(first), "paging '', none, lost");
    assert.equal(
      shown(recover(refused(410), { ...whole, history: first.state.history }, NOW + 9999)),
      "paging '', backoff 0, failure disconnected",
    );
  });

  test('a list as a whole has all its pages before it', () => {
    const { phase, history } = stateOf('later page');
    const { state } = recover(
      refused(410),
      { phase: { ...phase, pages: 999 } as Phase<never>, history },
      NOW,
    );
    assert.deepEqual(state.phase, { ...PHASES['first page'], paged: false, pages: 0 });
  });

  test('an error in place of a stream is no error in it', () => {
    const first = recover(refused(500), stateOf('watching'), NOW);
    assert.equal(
      shown(recover(refused(500), first.state, NOW)),
      'watching 9, backoff 0, failure disconnected',
    );
    assert.equal(first.state.history.versionFailures, 0);
  });

  test('a streaming list that was cut is given up for pages, for good', () => {
    const first = recover(new ListUnfinished('cut'), stateOf('listing'), NOW);
    assert.equal(first.state.history.streamingLists, true);
    const second = recover(new ListUnfinished('cut'), first.state, NOW);
    assert.equal(shown(second), 'paging 7, none, lost');
    assert.equal(second.state.history.streamingLists, false);
  });

  test('a watch that stayed silent lists from what is known, and counts anew', () => {
    const first = recover(ended({ lived: false }), stateOf('watching'), NOW);
    const second = recover(ended({ lived: false }), first.state, NOW);
    assert.equal(shown(second), 'listing 9, jitter, lost');
    assert.equal(second.state.history.silentWatches, 0);
    assert.equal(again(ended({ relist: true, lived: false }), {}).state.history.silentWatches, 0);
    assert.equal(again(ended({ lived: true }), { silentWatches: 1 }).state.history.silentWatches, 0);
    assert.equal(
      shown(again(ended({ relist: true, lived: false }), { silentWatches: 1 })),
      "listing '', jitter, lost",
    );
  });
});

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
