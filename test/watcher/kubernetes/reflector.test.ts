import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { pushed } from '../../../src/watcher/kubernetes/reflector.ts';
import { silent } from '../../../src/watcher/log.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { bookmark, errorEvent, event, list, ScriptedApi } from '../../support/scripted-api.ts';
import { follow, slice, synced } from '../followed-group.ts';

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

test('an event of a streaming list forgives the failures before it', async () => {
  const followed = follow();
  (await synced(followed)).events(errorEvent(500, 'oh'));
  await followed.clock.advance(1000);
  (await followed.api.next()).head().events(errorEvent(500, 'oh'));
  await followed.clock.advance(2000);
  const relist = await followed.api.next();
  relist.head().events(event('ADDED', slice('a', 'db-0/u0'), '101'), errorEvent(404, 'NotFound'));
  await followed.clock.advance(4000);
  const again = await followed.api.next();
  assert.deepEqual([again.query('sendInitialEvents'), again.query('resourceVersion')], ['true', '100']);
});

test('a connection that breaks inside a streaming list backs off, so that it is not asked for without a pause', async () => {
  const followed = follow();
  followed.clock.chance = 1;
  (await followed.api.next())
    .head()
    .events(event('ADDED', slice('a', 'db-0/u0'), '5'))
    .break();
  await followed.clock.advance(700);
  await followed.api.none();
  await followed.clock.advance(200);
  assert.equal((await followed.api.next()).query('sendInitialEvents'), 'true');
  assert.equal(followed.watch.reason, 'disconnected');
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

test('what a listener throws ends the reflector, which asks no more', async () => {
  const [api, clock] = [new ScriptedApi(), new FakeClock()];
  const collection = { path: '/api/v1/pods', members: () => [] };
  let heard = 0;
  const hear = () => {
    heard += 1;
    if (heard === 1) throw new TypeError('a fault of our own');
  };
  const done = pushed(collection, api, clock, silent)(hear, new AbortController().signal);
  const failed = assert.rejects(done, new TypeError('a fault of our own'));
  (await api.next()).head().events(bookmark('1', true));
  await failed;
  await clock.advance(60_000);
  await api.none();
});

test('a collection that wants another form of its objects asks for it, in lists and in watches', async () => {
  const asked: (string | undefined)[] = [];
  const api = new ScriptedApi();
  const noting = {
    get: (path: string, accept?: string) => {
      asked.push(accept);
      return api.get(path);
    },
    unauthorized: () => {},
  };
  const collection = {
    path: '/api/v1/pods',
    accept: { object: 'an object', list: 'a list' },
    members: () => [],
  };
  const stop = new AbortController();
  const done = pushed(collection, noting, new FakeClock(), silent)(() => {}, stop.signal);
  (await api.next()).fail(422, 'Invalid');
  (await api.next()).json(200, list('1', []));
  (await api.next()).head().end();
  stop.abort();
  await settle();
  await done;
  assert.deepEqual(asked, ['an object', 'a list', 'an object']);
});

test('a watch that has ended listens to its signal no more, since others follow it as long as the process lives', async () => {
  const [api, clock, stop] = [new ScriptedApi(), new FakeClock(), new AbortController()];
  const done = pushed({ path: '/api/v1/pods', members: () => [] }, api, clock, silent)(() => {}, stop.signal);
  (await api.next()).head().events(bookmark('1', true)).end();
  for (let watches = 0; watches < 5; watches += 1) {
    await clock.advance(1000);
    const call = await api.next();
    call.head().events(bookmark(`${watches + 2}`));
    await settle();
    assert.equal(getEventListeners(stop.signal, 'abort').length, 1);
    call.end();
  }
  stop.abort();
  await clock.advance(1000);
  await done;
});
