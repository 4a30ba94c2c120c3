import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, soon } from '../../support/eventually.ts';
import { accessCluster, bindingOf, LABELLED, NAMESPACES, SCOPED } from './access-cluster.ts';

test('what happened during an outage, or beyond the history, is mended after it', async (t) => {
  const { api, bound, isProvided, provided, replica } = await accessCluster(t);
  provided('plain', [SCOPED, 'mine']);
  const { metric } = await replica();
  await api.stop();
  await soon('word that nothing is followed', () => metric('access_stale') === 1);
  api.delete(bindingOf('plain'));
  api.create(NAMESPACES, { metadata: { name: 'late', labels: LABELLED } });
  api.compact();
  await api.start();
  await eventually('binding', () => bound('plain'));
  assert.deepEqual(bound('plain'), ['mine', SCOPED]);
  await isProvided('late');
  await eventually('word that all is followed', () => metric('access_stale') === 0);
});

test('a server that refuses the watch is asked again', async (t) => {
  const { api, bound, replica } = await accessCluster(t);
  const { log, metric } = await replica();
  api.fault(({ watch, path }) => (watch && path === NAMESPACES ? { status: 403 } : undefined));
  api.cutWatches();
  await soon('warnings', () => log.said(/can not be followed/).length > 1);
  assert.ok(log.said(/can not be followed/).some(({ collection }) => collection === 'namespaces'));
  assert.equal(metric('access_stale'), 1);
  api.fault(undefined);
  api.create(NAMESPACES, { metadata: { name: 'late', labels: LABELLED } });
  await eventually('access', () => bound('late'));
});
