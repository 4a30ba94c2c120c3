/** The same error a second time: what was remembered of the first decides. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ListUnfinished, recover } from '../../../src/watcher/kubernetes/recover.ts';
import type { History, Phase } from '../../../src/watcher/kubernetes/states.ts';
import { Corrupt } from '../../../src/watcher/lines.ts';
import { ended, inStream, NOW, PHASES, type PhaseName, refused, shown, stateOf } from './recovering.ts';

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
