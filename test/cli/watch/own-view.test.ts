import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { Truths } from '../../../src/cli/sidecars/truths.ts';
import { followOwnView } from '../../../src/cli/watch/own-view.ts';
import { systemClock } from '../../../src/watcher/clock.ts';

test('a sidecar is asked again and again until the end, and the signal keeps nothing of it', async () => {
  const stop = new AbortController();
  const place = { namespace: 'shop', pod: 'db-0', port: 17655 };
  const sidecar = { source: 'endpointslices', group: 'db', port: 17655 } as const;
  const told: string[] = [];
  const listeners: number[] = [];
  const cluster = { ofPod: () => Promise.reject(new Error('no route to host')) };
  const tell = ({ state, why }: { state: string; why: string }) => {
    told.push(`${state}: ${why}`);
    listeners.push(getEventListeners(stop.signal, 'abort').length);
    if (told.length === 20) stop.abort();
  };
  const clock = { ...systemClock, setTimeout: (run: () => void) => setTimeout(run, 0) };
  await followOwnView(cluster, { place, sidecar }, new Truths(), tell, stop.signal, clock);
  assert.deepEqual(new Set(told), new Set(['unknown: no route to host']));
  assert.deepEqual(new Set(listeners), new Set([0]));
});
