import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bodies, type Eviction } from '../../../src/webhook/limits/bodies.ts';
import type { Refused } from '../../../src/webhook/refused.ts';

const BOUNDS = {
  bodiesBytes: 10_000,
  bodiesBytesOfPeer: 6000,
  bodyBytes: 4000,
  bodyMs: 2000,
  largeBytes: 1000,
  turnMs: 3000,
};

/** Bodies under small bounds; `evicted` and `refused` are what was told of those that had to go. */
function scene() {
  const evicted: Eviction[] = [];
  const refused: [name: string, status: number, headers: object][] = [];
  const bodies = new Bodies(BOUNDS, (reason) => evicted.push(reason));
  const begin = (name: string, now = 0, peer = 'a') =>
    bodies.begin(peer, now, ({ status, headers }: Refused) => refused.push([name, status, headers]));
  return { bodies, begin, evicted, refused };
}

test('a body of the greatest length is taken, a longer one is refused', () => {
  const { bodies, begin, refused } = scene();
  const body = begin('one');
  bodies.grow(body, Buffer.alloc(4000));
  assert.deepEqual(refused, []);
  bodies.grow(body, Buffer.alloc(1));
  assert.deepEqual(refused, [['one', 413, {}]]);
  bodies.grow(body, Buffer.alloc(1));
  assert.equal(refused.length, 1, 'what comes afterwards is nothing any more');
});

test('a body that ends gives its room back, once', () => {
  const { bodies, begin, evicted } = scene();
  for (let round = 0; round < 5; round += 1) {
    const body = begin(`${round}`);
    bodies.grow(body, Buffer.alloc(3900));
    bodies.end(body);
    bodies.end(body);
  }
  assert.deepEqual(evicted, []);
  const [one, two] = [begin('one'), begin('two')];
  bodies.grow(one, Buffer.alloc(2744));
  bodies.grow(two, Buffer.alloc(2744));
  assert.deepEqual(evicted, [], 'all that one peer may hold: 6,000 with what a piece takes');
  bodies.grow(two, Buffer.alloc(1));
  assert.deepEqual(evicted, ['room']);
});

test('each piece counts with what it takes to hold it', () => {
  const { bodies, begin, refused } = scene();
  const body = begin('crumbs');
  for (let piece = 0; piece < 23; piece += 1) bodies.grow(body, Buffer.alloc(1));
  assert.deepEqual(refused, []);
  bodies.grow(body, Buffer.alloc(1));
  assert.deepEqual(refused, [['crumbs', 503, { 'retry-after': '1' }]], '24 pieces of 257 are over 6,000');
});

test('a body has its time to arrive, and none is given up that has', () => {
  const { bodies, begin, evicted, refused } = scene();
  begin('slow', 100);
  const quick = begin('quick', 100);
  bodies.whole(quick, () => {});
  bodies.look(2100);
  assert.deepEqual(refused, []);
  bodies.look(2101);
  assert.deepEqual([evicted, refused], [['time'], [['slow', 408, {}]]]);
});

test('large bodies are served one at a time, in the order in which they came, and small ones at once', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { bodies, begin, evicted, refused } = scene();
  const served: string[] = [];
  const whole = (name: string, bytes: number, peer: string) => {
    const body = begin(name, 0, peer);
    bodies.grow(body, Buffer.alloc(bytes));
    bodies.whole(body, () => served.push(name));
    return body;
  };
  const first = whole('first', 1001, 'a');
  const second = whole('second', 1001, 'b');
  whole('third', 1001, 'c');
  const small = whole('small', 1000, 'd');
  assert.deepEqual(served, ['first', 'small']);
  bodies.end(small);
  assert.deepEqual(served, ['first', 'small']);
  t.mock.timers.tick(2999);
  bodies.end(first);
  assert.deepEqual(served, ['first', 'small', 'second']);
  t.mock.timers.tick(1);
  assert.deepEqual([evicted, refused], [['turn'], [['third', 503, { 'retry-after': '1' }]]]);
  bodies.end(second);
  assert.deepEqual(served, ['first', 'small', 'second'], 'who has been refused has no turn');
});

test('a body that goes while it waits for its turn is not waited for', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { bodies, begin, evicted } = scene();
  const served: string[] = [];
  const [first, second, third] = ['first', 'second', 'third'].map((name) => {
    const body = begin(name, 0, name);
    bodies.grow(body, Buffer.alloc(1001));
    bodies.whole(body, () => served.push(name));
    return body;
  });
  bodies.end(second!);
  bodies.end(first!);
  assert.deepEqual(served, ['first', 'third']);
  t.mock.timers.tick(10_000);
  assert.deepEqual(evicted, [], 'a body that is served has left the queue, with its time');
  bodies.whole(second!, () => assert.fail('it has gone'));
  bodies.end(third!);
});

test('a body that has ended holds nothing any more', () => {
  const { bodies, begin } = scene();
  const body = begin('one');
  bodies.grow(body, Buffer.alloc(10));
  assert.equal(body.pieces.length, 1);
  bodies.end(body);
  assert.deepEqual(body.pieces, []);
});
