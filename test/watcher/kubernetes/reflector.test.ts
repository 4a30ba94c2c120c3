import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { pushed } from '../../../src/watcher/kubernetes/reflector.ts';
import { silent } from '../../../src/watcher/log.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { bookmark, list, ScriptedApi } from '../../support/scripted-api.ts';

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
