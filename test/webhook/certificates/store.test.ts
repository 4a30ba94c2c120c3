import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PEM_LIMIT } from '../../../src/webhook/certificates/pem.ts';
import { contentOf } from '../../../src/webhook/certificates/store.ts';

test('a text of a Secret is read up to the bytes that a certificate may have, and what is no text is missing', () => {
  const caKey = (text: string) => contentOf({ 'ca.key': Buffer.from(text).toString('base64') }).caKey;
  const most = Math.floor(PEM_LIMIT / 3) * 3;
  assert.equal(caKey('x'.repeat(most))?.length, most);
  assert.equal(caKey('x'.repeat(most + 3)), undefined);
  assert.equal(caKey(''), undefined);
  for (const wrong of [undefined, null, 5, ['eA==']])
    assert.equal(contentOf({ 'ca.key': wrong }).caKey, undefined);
});
