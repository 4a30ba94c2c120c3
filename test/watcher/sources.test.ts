import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/watcher/clock.ts';
import { silent } from '../../src/watcher/log.ts';
import type { SourceName } from '../../src/watcher/protocol.ts';
import { SettingFault } from '../../src/watcher/setting-fault.ts';
import { sourceOf } from '../../src/watcher/sources.ts';
import { eventually } from '../support/eventually.ts';
import { listening } from '../support/listening.ts';

/** Returns the paths that a source asks for, of a server that never answers. */
async function askedBy(t: TestContext, name: SourceName, more: object, requests = 1): Promise<string[]> {
  const asked: string[] = [];
  const server = createServer(({ url }) => {
    asked.push(new URL(url!, 'http://api').pathname);
  });
  const upstream = { server: `http://127.0.0.1:${await listening(t, server)}` };
  const context = { clock: systemClock, log: silent, userAgent: 'test', environment: {} };
  const { group, ...perspective } = { group: { namespace: 'shop', service: 'db' }, ...more };
  const source = sourceOf(name, { clusterDomain: 'cluster.local', ...perspective, group }, upstream, context);
  const stop = new AbortController();
  t.after(() => stop.abort());
  void source.follow?.(() => {}, stop.signal);
  await eventually('the requests', () => asked.length >= requests);
  return asked.sort();
}

const SLICES = '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices';
const PODS = '/api/v1/namespaces/shop/pods';

test('slices alone are followed, and the pods beside them where labels of theirs are asked for', async (t) => {
  assert.deepEqual(await askedBy(t, 'endpointslices', {}), [SLICES]);
  assert.deepEqual(await askedBy(t, 'endpointslices', { memberLabels: [] }), [SLICES]);
  assert.deepEqual(await askedBy(t, 'endpointslices', { memberLabels: ['role'] }, 2), [PODS, SLICES]);
});

test('pods bring their labels themselves', async (t) => {
  const group = { namespace: 'shop', selector: 'app=db' };
  assert.deepEqual(await askedBy(t, 'pods', { group, memberLabels: ['role'] }), [PODS]);
});

test('labels that are asked for of DNS are a fault of the setting', () => {
  const context = { clock: systemClock, log: silent, userAgent: 'test', environment: {} };
  const perspective = { group: { namespace: 'shop', service: 'db' }, clusterDomain: 'cluster.local' };
  assert.throws(() => sourceOf('dns', { ...perspective, memberLabels: ['role', 'tier'] }, {}, context), {
    key: 'memberLabels',
    message: /"role,tier" is for members that the API tells of; leave it out, or take another source/,
  });
  assert.equal(sourceOf('dns', { ...perspective, memberLabels: [] }, {}, context).name, 'dns');
});

test('a source without what it needs is a fault of the setting', () => {
  const context = { clock: systemClock, log: silent, userAgent: 'test', environment: {} };
  const cases = [
    ['pods', 'selector'],
    ['endpointslices', 'service'],
    ['dns', 'service'],
  ] as const;
  for (const [name, key] of cases) {
    const make = () =>
      sourceOf(
        name,
        { group: { namespace: 'shop' }, clusterDomain: 'x' },
        { server: 'http://127.0.0.1:1' },
        context,
      );
    assert.throws(make, (error: unknown) => error instanceof SettingFault && error.key === key);
  }
});
