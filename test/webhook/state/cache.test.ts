import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ItemCache, ObjectCache } from '../../../src/webhook/state/cache.ts';

test('a list replaces what was held, and names all that was in either', () => {
  const cache = new ObjectCache<string>();
  assert.deepEqual(cache.absorb({ type: 'set', key: 'a', members: ['old'] }), new Map([['a', undefined]]));
  assert.equal(cache.synced, false);
  const parts = new Map([
    ['b', ['new']],
    ['c', ['new']],
  ]);
  const before = new Map([
    ['a', 'old'],
    ['b', undefined],
    ['c', undefined],
  ]);
  assert.deepEqual(cache.absorb({ type: 'replace', parts }), before);
  assert.equal(cache.synced, true);
  assert.equal(cache.get('a'), undefined);
  assert.deepEqual(cache.absorb({ type: 'delete', key: 'b' }), new Map([['b', 'new']]));
  assert.deepEqual([...cache.keys()], ['c']);
});

test('what is held is fresh from the word that it is, until the stream is lost', () => {
  for (const cache of [new ObjectCache<string>(), new ItemCache<string>()]) {
    assert.equal(cache.fresh, false);
    for (const event of [
      { type: 'lost', message: '' },
      { type: 'failure', reason: 'forbidden', message: '' },
    ] as const) {
      cache.absorb({ type: 'fresh' });
      cache.absorb({ type: 'evidence' });
      assert.equal(cache.fresh, true);
      cache.absorb(event);
      assert.equal(cache.fresh, false);
    }
  }
});

test('the items of all objects of a namespace are one list, in the order of their names', () => {
  const cache = new ItemCache<string>();
  cache.absorb({
    type: 'replace',
    parts: new Map([
      ['demo/b', ['b1', 'b2']],
      ['demo/a', ['a1']],
      ['other/a', ['x']],
    ]),
  });
  assert.deepEqual(cache.get('demo'), ['a1', 'b1', 'b2']);
  cache.absorb({ type: 'set', key: 'demo/b', members: ['b3'] });
  cache.absorb({ type: 'delete', key: 'demo/a' });
  assert.deepEqual(cache.get('demo'), ['b3']);
  cache.absorb({ type: 'delete', key: 'demo/b' });
  cache.absorb({ type: 'delete', key: 'never/there' });
  assert.deepEqual(cache.get('demo'), []);
  assert.deepEqual(cache.get('other'), ['x']);
  cache.absorb({ type: 'replace', parts: new Map() });
  assert.deepEqual(cache.get('other'), []);
});

test('what was said of one object makes nothing fresh or synced', () => {
  for (const cache of [new ObjectCache<string>(), new ItemCache<string>()]) {
    cache.absorb({ type: 'set', key: 'demo/a', members: ['a'] });
    cache.absorb({ type: 'delete', key: 'demo/a' });
    assert.deepEqual([cache.fresh, cache.synced], [false, false]);
    cache.absorb({ type: 'replace', parts: new Map() });
    assert.deepEqual([cache.fresh, cache.synced], [false, true], 'a list is fresh from the word that it is');
  }
});
