import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Held, HeldItems } from '../../src/webhook/held.ts';

test('a list replaces what was held, and names all that was in either', () => {
  const held = new Held<string>();
  assert.deepEqual(held.absorb({ type: 'set', key: 'a', members: ['old'] }), new Map([['a', undefined]]));
  assert.equal(held.synced, false);
  const parts = new Map([
    ['b', ['new']],
    ['c', ['new']],
  ]);
  const before = new Map([
    ['a', 'old'],
    ['b', undefined],
    ['c', undefined],
  ]);
  assert.deepEqual(held.absorb({ type: 'replace', parts }), before);
  assert.equal(held.synced, true);
  assert.equal(held.get('a'), undefined);
  assert.deepEqual(held.absorb({ type: 'delete', key: 'b' }), new Map([['b', 'new']]));
  assert.deepEqual([...held.keys()], ['c']);
});

test('what is held is fresh from the word that it is, until the stream is lost', () => {
  for (const held of [new Held<string>(), new HeldItems<string>()]) {
    assert.equal(held.fresh, false);
    for (const event of [
      { type: 'lost', message: '' },
      { type: 'failure', reason: 'forbidden', message: '' },
    ] as const) {
      held.absorb({ type: 'fresh' });
      held.absorb({ type: 'evidence' });
      assert.equal(held.fresh, true);
      held.absorb(event);
      assert.equal(held.fresh, false);
    }
  }
});

test('the items of all objects of a namespace are one list, in the order of their names', () => {
  const held = new HeldItems<string>();
  held.absorb({
    type: 'replace',
    parts: new Map([
      ['demo/b', ['b1', 'b2']],
      ['demo/a', ['a1']],
      ['other/a', ['x']],
    ]),
  });
  assert.deepEqual(held.get('demo'), ['a1', 'b1', 'b2']);
  held.absorb({ type: 'set', key: 'demo/b', members: ['b3'] });
  held.absorb({ type: 'delete', key: 'demo/a' });
  assert.deepEqual(held.get('demo'), ['b3']);
  held.absorb({ type: 'delete', key: 'demo/b' });
  held.absorb({ type: 'delete', key: 'never/there' });
  assert.deepEqual(held.get('demo'), []);
  assert.deepEqual(held.get('other'), ['x']);
  held.absorb({ type: 'replace', parts: new Map() });
  assert.deepEqual(held.get('other'), []);
});
