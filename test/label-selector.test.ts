import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkLabelSelector } from '../src/label-selector.ts';
import { ODD_SELECTORS } from './support/odd-selectors.ts';

// That the API server says the same of each is held by test/api/selectors.test.ts.
for (const [selector, taken] of ODD_SELECTORS) {
  test(`${JSON.stringify(selector).slice(0, 80)} is ${taken ? 'taken' : 'refused'}`, () => {
    if (taken) checkLabelSelector(selector);
    else assert.throws(() => checkLabelSelector(selector), /./);
  });
}

test('nothing is no selector: it would be all pods', () => {
  assert.throws(() => checkLabelSelector(''), /selects nothing/);
  assert.throws(() => checkLabelSelector(' \n'), /selects nothing/);
});

test('a refusal says what is wrong, and where', () => {
  const sentence = (selector: string) => {
    try {
      checkLabelSelector(selector);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.match(sentence('app=db role=main'), /no comma before "role"/);
  assert.match(sentence('app in db'), /values stand in brackets/);
  assert.match(sentence('size>x'), /"x" is no whole number/);
  assert.match(sentence('a_/b=c'), /"a_\/b" is no key of a label/);
  assert.match(sentence('a=é'), /"é" is no value of a label/);
});

test('whatever is written, the time it takes grows no faster than it', () => {
  const pieces = fc.constantFrom('a', ',', '!', '=', '(', ')', ' ', 'in', 'x'.repeat(1000));
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 2000 }), (all) => {
      const started = performance.now();
      try {
        checkLabelSelector(all.join(''));
      } catch {}
      // A second for what takes milliseconds: the machine may be busy.
      return performance.now() - started < 1000;
    }),
    { numRuns: 50 },
  );
});
