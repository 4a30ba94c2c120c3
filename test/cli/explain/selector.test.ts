import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calls, type ExplainedEntry } from '../../../src/cli/explain/entries.ts';
import { mismatch } from '../../../src/cli/explain/selector.ts';

const labels = { app: 'db', tier: 'back' };

test('a selector matches as the API server would', () => {
  const expression = (operator: string, key: string, ...values: string[]) => ({
    matchExpressions: [{ key, operator, ...(values.length > 0 ? { values } : {}) }],
  });
  for (const selector of [
    undefined,
    {},
    { matchLabels: { app: 'db' } },
    expression('In', 'app', 'web', 'db'),
    expression('NotIn', 'app', 'web'),
    expression('NotIn', 'none', 'web'),
    expression('Exists', 'app'),
    expression('DoesNotExist', 'none'),
  ]) {
    assert.equal(mismatch(selector, labels), undefined, JSON.stringify(selector));
  }
  const why = (selector: Parameters<typeof mismatch>[0]) => mismatch(selector, labels);
  assert.equal(why({ matchLabels: { app: 'web' } }), 'it wants app=web, and it is app=db');
  assert.equal(why({ matchLabels: { none: 'x' } }), 'it wants none=x, and there is none');
  assert.equal(why(expression('In', 'app', 'web', 'x')), 'it wants app In (web, x), and it is app=db');
  assert.equal(why(expression('NotIn', 'app', 'db')), 'it wants app NotIn (db), and it is app=db');
  assert.equal(why(expression('Exists', 'none')), 'it wants none, and there is none');
  assert.equal(why(expression('Exists', 'constructor')), 'it wants constructor, and there is none');
  assert.equal(why(expression('DoesNotExist', 'app')), 'it wants no app, and it is app=db');
});

test('a condition that somebody else wrote is not evaluated, one of ours is', () => {
  const entry = (expression: string): ExplainedEntry => ({
    name: 'x',
    matchConditions: [{ name: 'c', expression }],
  });
  const pod = { labels: {}, annotations: { 'rollcall.dev/inject': 'true' } };
  const { answer, why } = calls(entry('true'), pod, {});
  assert.deepEqual(
    [answer, why],
    ['unknown', `its matchCondition "c" is not one of Rollcall's, and is not evaluated`],
  );
  const nobody = `!has(object.metadata.annotations) || !('rollcall.dev/inject' in object.metadata.annotations)`;
  assert.equal(calls(entry(nobody), pod, {}).answer, 'no');
  assert.equal(calls(entry(nobody.replaceAll(' ', '\n')), { labels: {}, annotations: {} }, {}).answer, 'yes');
});
