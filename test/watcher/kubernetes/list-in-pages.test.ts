import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settle } from '../../support/fake-clock.ts';
import { errorEvent, list } from '../../support/scripted-api.ts';
import { byIterationOf } from '../counted-steps.ts';
import { follow, slice } from '../followed-group.ts';

test('a server without streaming lists is listed in pages of 500, then watched from the list', async () => {
  for (const status of [400, 422]) {
    const followed = follow();
    (await followed.api.next()).fail(status, 'Invalid');
    const first = await followed.api.next();
    assert.equal(first.query('limit'), '500');
    assert.equal(first.query('resourceVersion'), null);
    first.json(200, list('50', [withVersion(slice('a', 'db-0/u0'), '999')], 'token'));
    const second = await followed.api.next();
    assert.equal(second.query('continue'), 'token');
    assert.equal(followed.watch.synced, false);
    second.json(200, list('51', [slice('b', 'db-1/u1')]));
    const watch = await followed.api.next();
    assert.equal(watch.query('watch'), '1');
    assert.equal(watch.query('resourceVersion'), '51', 'the version of the list, never of an item');
    assert.deepEqual(followed.names(), ['db-0/u0', 'db-1/u1']);
  }
});

test('a page that expired restarts the list without pages', async () => {
  const followed = follow();
  (await followed.api.next()).fail(422, 'Invalid');
  (await followed.api.next()).json(200, list('50', [slice('gone', 'db-9/u9')], 'token'));
  (await followed.api.next()).fail(410, 'Expired');
  const whole = await followed.api.next();
  assert.equal(whole.query('limit'), null);
  assert.equal(whole.query('continue'), null);
  whole.json(200, list('60', [slice('a', 'db-0/u0')]));
  await settle();
  assert.deepEqual(followed.names(), ['db-0/u0']);
});

test('a truncated or malformed list removes nobody', async () => {
  for (const body of ['{"kind":"EndpointSliceList","items":[', '{"items":{}}', '{"metadata":{}}', 'null']) {
    const followed = follow();
    (await followed.api.next()).fail(422, 'Invalid');
    (await followed.api.next()).json(200, list('50', [slice('a', 'db-0/u0')]));
    (await followed.api.next()).head().events(errorEvent(410, 'Expired'));
    const relist = await followed.api.next();
    relist.head().send(body).end();
    await settle();
    assert.deepEqual(followed.names(), ['db-0/u0'], body);
    assert.equal(followed.watch.stale, true, body);
    assert.deepEqual(followed.output.deltas, [], body);
  }
});

function withVersion(object: ReturnType<typeof slice>, version: string) {
  return { ...object, metadata: { ...object.metadata, resourceVersion: version } };
}

test('each page closes its request, and a list in pages is followed by nothing until the watch from it begins', async () => {
  const followed = follow();
  (await followed.api.next()).fail(422, 'Invalid');
  const page = await followed.api.next();
  page.json(200, list('50', [slice('a', 'db-0/u0')]));
  const watch = await followed.api.next();
  assert.deepEqual([page.closed, followed.watch.stale], [true, false]);
  await followed.clock.advance(1000);
  assert.equal(followed.watch.reason, 'disconnected');
  watch.head();
  await followed.clock.advance(100);
  assert.equal(followed.watch.stale, false);
});

test('a list of twice as many pages is twice the work', async () => {
  const work = async (pages: number) => {
    const followed = follow();
    (await followed.api.next()).fail(422, 'Invalid');
    return byIterationOf(async () => {
      for (let page = 1; page <= pages; page += 1) {
        const slices = Array.from({ length: 20 }, (_, at) => slice(`s-${page}-${at}`));
        (await followed.api.next()).json(200, list('50', slices, page < pages ? `page-${page}` : ''));
      }
      await followed.api.next();
    });
  };
  const [once, twice] = [await work(100), await work(200)];
  assert.ok(twice < 2.5 * once, `${once} and ${twice} steps`);
});

test('a list in pages that is complete forgives the failure of one before it', async () => {
  const followed = follow();
  (await followed.api.next()).fail(422, 'Invalid');
  (await followed.api.next()).head().send('no JSON').end();
  await followed.clock.advance(1000);
  (await followed.api.next()).json(200, list('50', [slice('a', 'db-0/u0')]));
  (await followed.api.next()).head().events(errorEvent(500, 'oh'));
  await followed.clock.advance(2000);
  const again = await followed.api.next();
  assert.deepEqual([again.query('watch'), again.query('resourceVersion')], ['1', '50']);
});

test('a list of 1000 pages is the longest that is read, and a page that names itself as the next one ends it', async () => {
  const pagesOf = async (token: (page: number) => string) => {
    const followed = follow();
    (await followed.api.next()).fail(422, 'Invalid');
    for (let pages = 1; ; pages += 1) {
      (await followed.api.next()).json(200, list('50', [], token(pages)));
      await settle();
      if (followed.api.calls.length === pages + 1) return pages;
    }
  };
  assert.equal(await pagesOf((page) => `page-${page}`), 1000);
  assert.equal(await pagesOf(() => 'again'), 2);
});
