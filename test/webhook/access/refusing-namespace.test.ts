import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connected, writes } from '../connected-client.ts';
import {
  accountOf,
  accountsOf,
  bindingOf,
  caughtUp,
  isProvided,
  LABELLED,
  NAMESPACES,
  provided,
  replica,
  SCOPED,
  soon,
} from './controller-replica.ts';

test('a namespace that ends is left alone, without a word', async (t) => {
  const both = await connected(t);
  const { api } = both;
  const metadata = { name: 'ending', labels: LABELLED, deletionTimestamp: '2026-01-01T00:00:00Z' };
  api.create(NAMESPACES, { metadata });
  provided(api, 'plain', [SCOPED]);
  provided(api, 'gone', [SCOPED, 'mine']);
  const { log, metric } = await replica(t, both);
  api.replace(NAMESPACES, { metadata: { ...metadata, name: 'plain', labels: {} } });
  api.delete(bindingOf('plain'));
  api.delete(accountOf('plain'));
  api.delete(`${NAMESPACES}/gone`);
  api.delete(bindingOf('gone'));
  await soon('a look', () => api.requests.some(({ path }) => path === `${NAMESPACES}/gone`));
  await caughtUp(api);
  for (const namespace of ['ending', 'plain', 'gone']) {
    assert.equal(api.get(accountOf(namespace)) && api.get(bindingOf(namespace)), undefined);
    assert.deepEqual(
      writes(both).filter((write) => write.includes(`/${namespace}/`)),
      [],
    );
  }
  assert.deepEqual(
    log.entries.filter(({ level }) => level !== 'info'),
    [],
  );
  assert.equal(metric('failing_namespaces'), 0);
});

test('one that begins to end under the write is no failure either', async (t) => {
  const both = await connected(t);
  const { api } = both;
  const { log, metric } = await replica(t, both);
  api.fault(({ method, path }) => {
    if (method !== 'POST' || path !== accountsOf('ending')) return undefined;
    api.delete(`${NAMESPACES}/ending`);
    return { status: 403 };
  });
  api.create(NAMESPACES, { metadata: { name: 'ending', labels: LABELLED } });
  await soon('attempt', () => writes(both).length > 0);
  await caughtUp(api);
  assert.deepEqual(log.said(/not provided/), []);
  assert.equal(metric('failing_namespaces'), 0);
});

test('a namespace that refuses is tried again and holds up no other, until it is gone', async (t) => {
  const both = await connected(t);
  const { api } = both;
  const { log, metric } = await replica(t, both);
  let refusing = true;
  const attempts = (namespace: string) =>
    writes(both).filter((write) => write === `POST ${accountsOf(namespace)}`).length;
  api.fault(({ method, path }) =>
    refusing && method === 'POST' && /bad-/.test(path) ? { status: 403 } : undefined,
  );
  for (const name of ['bad-1', 'bad-2']) api.create(NAMESPACES, { metadata: { name, labels: LABELLED } });
  await soon('second attempts', () => attempts('bad-1') > 1 && attempts('bad-2') > 1);
  await caughtUp(api);
  assert.equal(metric('failing_namespaces'), 2);
  assert.deepEqual(log.said(/not provided/)[0]?.error, 'the API server says 403: Forbidden');
  api.delete(`${NAMESPACES}/bad-2`);
  await soon('end of the retries', () => metric('failing_namespaces') === 1);
  refusing = false;
  await isProvided(api, 'bad-1');
  await soon('no failing namespace', () => metric('failing_namespaces') === 0);
  assert.equal(api.get(accountOf('bad-2')), undefined);
});
