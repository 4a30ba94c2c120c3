import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SecretContent, stepFor, trustedFor } from '../../../src/webhook/certificates/rotation.ts';
import { days, legacy, pair } from './pairs.ts';

const [one, two, three] = [await pair(), await pair(), await pair()];
const expired = await pair({ from: days(-9), to: days(-1) });
const old = await legacy();
const NOW = new Date();

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
  const content: SecretContent = {
    serving: one,
    next: two,
    trusted: [three.cert, expired.cert],
    caKey: undefined,
  };
  assert.deepEqual(trustedFor(content, true, NOW), [three.cert, one.cert, two.cert]);
  assert.deepEqual(trustedFor(content, false, NOW), [one.cert, two.cert]);
  assert.deepEqual(trustedFor({ ...content, next: undefined, trusted: [] }, false, NOW), [one.cert]);
});

test('what is trusted keeps its order when roles change, so that nothing is written for that', () => {
  const before: SecretContent = { serving: one, next: two, trusted: [one.cert, two.cert], caKey: undefined };
  const after: SecretContent = { ...before, serving: two, next: undefined };
  assert.deepEqual(trustedFor(before, true, NOW), before.trusted);
  assert.deepEqual(trustedFor(after, true, NOW), before.trusted);
});

test('the CA of 0.1.0 stays, and stays first, while its leaf is served', () => {
  const content: SecretContent = { ...old, next: one, trusted: [...old.trusted, two.cert] };
  assert.deepEqual(trustedFor(content, false, NOW), [...old.trusted, two.cert, one.cert]);
});

test('no more than eight are trusted: the newest, and always both pairs', async () => {
  const many = await Promise.all(Array.from({ length: 12 }, async () => (await pair()).cert));
  const content: SecretContent = { serving: one, next: two, trusted: many, caKey: undefined };
  assert.deepEqual(trustedFor(content, true, NOW), [...many.slice(-6), one.cert, two.cert]);
  const signed = trustedFor({ ...old, next: one, trusted: [...old.trusted, ...many] }, true, NOW);
  assert.deepEqual(signed, [...old.trusted, ...many.slice(0, 6), one.cert]);
});
