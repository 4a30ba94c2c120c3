import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soon } from '../../support/eventually.ts';
import {
  accessCluster,
  accountOf,
  accountsOf,
  bindingOf,
  LABELLED,
  NAMESPACES,
  SCOPED,
} from './access-cluster.ts';

test('a namespace that ends is left alone, without a word', async (t) => {
  const { api, caughtUp, provided, replica, writes } = await accessCluster(t);
  const metadata = { name: 'ending', labels: LABELLED, deletionTimestamp: '2026-01-01T00:00:00Z' };
  api.create(NAMESPACES, { metadata });
  provided('plain', [SCOPED]);
  provided('gone', [SCOPED, 'mine']);
  const { log, metric } = await replica();
  api.replace(NAMESPACES, { metadata: { ...metadata, name: 'plain', labels: {} } });
  api.delete(bindingOf('plain'));
  api.delete(accountOf('plain'));
  api.delete(`${NAMESPACES}/gone`);
  api.delete(bindingOf('gone'));
  await soon('a look', () => api.requests.some(({ path }) => path === `${NAMESPACES}/gone`));
  await caughtUp();
  for (const namespace of ['ending', 'plain', 'gone']) {
    assert.equal(api.get(accountOf(namespace)) && api.get(bindingOf(namespace)), undefined);
    assert.deepEqual(
      writes().filter((write) => write.includes(`/${namespace}/`)),
      [],
    );
  }
  assert.deepEqual(
    log.entries.filter(({ level }) => level !== 'info'),
    [],
  );
  assert.equal(metric('access_failing_namespaces'), 0);
});

test('one that begins to end under the write is no failure either', async (t) => {
  const { api, caughtUp, replica, writes } = await accessCluster(t);
  const { log, metric } = await replica();
  api.fault(({ method, path }) => {
    if (method !== 'POST' || path !== accountsOf('ending')) return undefined;
    api.delete(`${NAMESPACES}/ending`);
    return { status: 403 };
  });
  api.create(NAMESPACES, { metadata: { name: 'ending', labels: LABELLED } });
  await soon('attempt', () => writes().length > 0);
  await caughtUp();
  assert.deepEqual(log.said(/not provided/), []);
  assert.equal(metric('access_failing_namespaces'), 0);
});

test('a namespace that refuses is tried again and holds up no other, until it is gone', async (t) => {
  const { api, caughtUp, isProvided, replica, writes } = await accessCluster(t);
  const { log, metric } = await replica();
  let refusing = true;
  const attempts = (namespace: string) =>
    writes().filter((write) => write === `POST ${accountsOf(namespace)}`).length;
  api.fault(({ method, path }) =>
    refusing && method === 'POST' && /bad-/.test(path) ? { status: 403 } : undefined,
  );
  for (const name of ['bad-1', 'bad-2']) api.create(NAMESPACES, { metadata: { name, labels: LABELLED } });
  await soon('second attempts', () => attempts('bad-1') > 1 && attempts('bad-2') > 1);
  await caughtUp();
  assert.equal(metric('access_failing_namespaces'), 2);
  assert.deepEqual(log.said(/not provided/)[0]?.error, 'the API server says 403: Forbidden');
  api.delete(`${NAMESPACES}/bad-2`);
  await soon('end of the retries', () => metric('access_failing_namespaces') === 1);
  refusing = false;
  await isProvided('bad-1');
  await soon('no failing namespace', () => metric('access_failing_namespaces') === 0);
  assert.equal(api.get(accountOf('bad-2')), undefined);
});
