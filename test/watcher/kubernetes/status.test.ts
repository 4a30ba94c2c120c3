import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStatus } from '../../../src/watcher/kubernetes/parse-response.ts';

const read = (status: unknown, code = 409) => parseStatus(JSON.stringify(status), code);

test('a Status is read in all that decides anything, and its code is that of the response', () => {
  const details = { retryAfterSeconds: 3, causes: [{ reason: 'ResourceVersionTooLarge' }, { message: 'x' }] };
  assert.deepEqual(read({ kind: 'Status', code: 500, reason: 'Conflict', message: 'again', details }), {
    code: 409,
    reason: 'Conflict',
    message: 'again',
    retryAfterSeconds: 3,
    causes: ['ResourceVersionTooLarge', ''],
    about: undefined,
  });
});

test('the object that a Status is about is read where it is named whole', () => {
  const about = (details: unknown) => read({ details }, 404).about;
  assert.deepEqual(about({ kind: 'namespaces', name: 'shop', group: 'x' }), {
    kind: 'namespaces',
    name: 'shop',
  });
  for (const details of [{ kind: 'namespaces' }, { name: 'shop' }, { kind: 5, name: 'shop' }, {}, 'none'])
    assert.equal(about(details), undefined, JSON.stringify(details));
});

test('a field of another type says nothing, and the others are read all the same', () => {
  const { reason, message, retryAfterSeconds, causes } = read({
    reason: 5,
    message: 'again',
    details: { retryAfterSeconds: 'soon', causes: [{ reason: 'A' }] },
  });
  assert.deepEqual([reason, message, retryAfterSeconds, causes], [undefined, 'again', undefined, ['A']]);
  assert.equal(read({ message: 'again', details: 'none' }).message, 'again');
  assert.equal(read({ details: { causes: 'none' } }).causes, undefined);
});

test('texts are cut at 500 characters, and what is no Status is told as it is', () => {
  const long = 'x'.repeat(600);
  const { reason, message } = read({ reason: long, message: long });
  assert.deepEqual([reason?.length, message?.length], [500, 500]);
  assert.deepEqual(parseStatus(long, 502), { code: 502, message: long.slice(0, 500) });
  for (const text of ['<html>', '[]', '5', 'null', '']) {
    assert.deepEqual(parseStatus(text, 502), { code: 502, message: text });
  }
});
