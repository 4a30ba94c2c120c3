/** Sidecars of one account that all come at once, on a real API server, which has them wait and refuses some. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS, RECOVERY_MS } from '../support/deadlines.ts';
import { install } from '../support/deployment.ts';
import { type LightGroup, LightWatchers } from '../support/light-watchers.ts';
import { member, SERVICE, WatchedGroup } from './watched-group.ts';

/** Enough for the fair queueing of an account to refuse some; `npm run bench -- scale` has a thousand. */
const WATCHERS = 800;
/** A list of as many takes long enough for the others to queue meanwhile. */
const SLICES = 8;
/** Watchers of one account that the server serves at a time, so that even these are too many. */
const IN_FLIGHT = ['--max-requests-inflight=20', '--max-mutating-requests-inflight=10'];

suite('a storm of sidecars of one account', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;
  let group: LightGroup;

  before(async () => {
    plane = await startControlPlane({ extraArgs: IN_FLIGHT });
    await install(plane);
    const made = new WatchedGroup(plane, 'storm');
    await made.prepare();
    for (let index = 0; index < SLICES; index += 1)
      await made.slice(
        `app-${index}`,
        Array.from({ length: 100 }, (_, offset) => member(100 * index + offset)),
      );
    const { namespace, tokenFile } = made;
    group = { namespace, service: SERVICE, url: plane.url, caFile: plane.caFile, tokenFile };
  });

  after(() => plane?.stop());

  test('all of them follow the group soon after they came at once, and after a restart of the API server', async (t) => {
    const watchers = new LightWatchers({ after: (end) => t.after(end) }, group);
    watchers.start(WATCHERS);
    const opened = await watchers.until('start', ({ fresh }) => fresh === WATCHERS, RECOVERY_MS);
    const first = await watchers.counts();
    await plane.killApiserver();
    await watchers.until('outage', ({ fresh }) => fresh === 0, RECOVERY_MS);
    const began = performance.now();
    await plane.restartApiserver();
    await watchers.until('restart', ({ fresh }) => fresh === WATCHERS, RECOVERY_MS);
    const back = (performance.now() - began) / 1000;
    const second = await watchers.counts();
    t.diagnostic(
      `start: ${opened.toFixed(1)} s, ${first.refused} refusals; restart: ${back.toFixed(1)} s, ` +
        `${second.refused - first.refused} refusals, ${second.lists - first.lists} lists`,
    );
    // Where nothing is refused this test shows nothing.
    assert.ok(second.refused > 0, 'the server refused none');
  });
});
