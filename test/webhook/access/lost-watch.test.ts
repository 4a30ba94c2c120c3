import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { connected } from '../connected-client.ts';
import {
  bindingOf,
  bound,
  isProvided,
  LABELLED,
  NAMESPACES,
  provided,
  replica,
  SCOPED,
  soon,
} from './controller-replica.ts';

test('what happened during an outage, or beyond the history, is mended after it', async (t) => {
  const both = await connected(t);
  const { api } = both;
  provided(api, 'plain', [SCOPED, 'mine']);
  const { metric } = await replica(t, both);
  await api.stop();
  await soon('word that nothing is followed', () => metric('stale') === 1);
  api.delete(bindingOf('plain'));
  api.create(NAMESPACES, { metadata: { name: 'late', labels: LABELLED } });
  api.compact();
  await api.start();
  await eventually('binding', () => bound(api, 'plain'));
  assert.deepEqual(bound(api, 'plain'), ['mine', SCOPED]);
  await isProvided(api, 'late');
  await eventually('word that all is followed', () => metric('stale') === 0);
});

test('a server that refuses the watch is asked again', async (t) => {
  const both = await connected(t);
  const { api } = both;
  const { log, metric } = await replica(t, both);
  api.fault(({ watch, path }) => (watch && path === NAMESPACES ? { status: 403 } : undefined));
  api.cutWatches();
  await soon('warnings', () => log.said(/can not be followed/).length > 1);
  assert.ok(log.said(/can not be followed/).some(({ collection }) => collection === 'namespaces'));
  assert.equal(metric('stale'), 1);
  api.fault(undefined);
  api.create(NAMESPACES, { metadata: { name: 'late', labels: LABELLED } });
  await eventually('access', () => bound(api, 'late'));
});
