import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Held,
  isSelfSigned,
  stepFor,
  trustedFor,
  verdictOn,
} from '../../../src/webhook/certificates/rotation.ts';
import { days, legacy, pair } from './pairs.ts';

const [one, two, three] = [await pair(), await pair(), await pair()];
const expired = await pair({ from: days(-9), to: days(-1) });
const old = await legacy();
const NOW = new Date();

test('a pair is followed by the next at two thirds of its life, or when a CA signed it', async () => {
  const year = await pair({ from: days(0), to: days(365) });
  assert.deepEqual(
    [1, 240, 246, 360, 364.5, 400].map((day) => verdictOn(year, days(day))),
    ['good', 'good', 'due', 'due', 'bad', 'bad'],
  );
  assert.equal(verdictOn(old.serving, NOW), 'due');
  assert.deepEqual([isSelfSigned(one.cert), isSelfSigned(old.serving.cert)], [true, false]);
});

test('the next pair is issued, published for an hour, and then served; a bad one is not waited with', () => {
  const steps = (serving: 'good' | 'due' | 'bad') =>
    ([undefined, 'good', 'due', 'bad'] as const).map((next) => [
      stepFor(serving, next, false),
      stepFor(serving, next, true),
    ]);
  const same = (step: string) => [step, step];
  assert.deepEqual(steps('good'), [same('keep'), same('keep'), same('keep'), same('drop')]);
  const waits = ['keep', 'promote'];
  assert.deepEqual(steps('due'), [same('prepare'), waits, waits, same('prepare')]);
  assert.deepEqual(steps('bad'), [same('issue'), same('promote'), same('promote'), same('issue')]);
});

test('both pairs are trusted, others while they overlap, and none that ran out', () => {
  const held: Held = { serving: one, next: two, trusted: [three.cert, expired.cert], caKey: undefined };
  assert.deepEqual(trustedFor(held, true, NOW), [three.cert, one.cert, two.cert]);
  assert.deepEqual(trustedFor(held, false, NOW), [one.cert, two.cert]);
  assert.deepEqual(trustedFor({ ...held, next: undefined, trusted: [] }, false, NOW), [one.cert]);
});

test('what is trusted keeps its order when roles change, so that nothing is written for that', () => {
  const before: Held = { serving: one, next: two, trusted: [one.cert, two.cert], caKey: undefined };
  const after: Held = { ...before, serving: two, next: undefined };
  assert.deepEqual(trustedFor(before, true, NOW), before.trusted);
  assert.deepEqual(trustedFor(after, true, NOW), before.trusted);
});

test('the CA of 0.1.0 stays, and stays first, while its leaf is served', () => {
  const held: Held = { ...old, next: one, trusted: [...old.trusted, two.cert] };
  assert.deepEqual(trustedFor(held, false, NOW), [...old.trusted, two.cert, one.cert]);
});

test('no more than eight are trusted: the newest, and always both pairs', async () => {
  const many = await Promise.all(Array.from({ length: 12 }, async () => (await pair()).cert));
  const held: Held = { serving: one, next: two, trusted: many, caKey: undefined };
  assert.deepEqual(trustedFor(held, true, NOW), [...many.slice(-6), one.cert, two.cert]);
  const signed = trustedFor({ ...old, next: one, trusted: [...old.trusted, ...many] }, true, NOW);
  assert.deepEqual(signed, [...old.trusted, ...many.slice(0, 6), one.cert]);
});
