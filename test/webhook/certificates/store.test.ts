import assert from 'node:assert/strict';
import { test } from 'node:test';
import { issue } from '../../../src/webhook/certificates/issue.ts';
import { PEM_LIMIT } from '../../../src/webhook/certificates/pem.ts';
import type { KeyPair } from '../../../src/webhook/certificates/source.ts';
import { contentOf, secretStore } from '../../../src/webhook/certificates/store.ts';
import { days, HOSTS, pair } from './pairs.ts';
import { SECRET, SECRETS, start } from './replica.ts';

test('a text of a Secret is read up to the bytes that a certificate may have, and what is no text is missing', () => {
  const caKey = (text: string) => contentOf({ 'ca.key': Buffer.from(text).toString('base64') }).caKey;
  const most = Math.floor(PEM_LIMIT / 3) * 3;
  assert.equal(caKey('x'.repeat(most))?.length, most);
  assert.equal(caKey('x'.repeat(most + 3)), undefined);
  assert.equal(caKey(''), undefined);
  for (const wrong of [undefined, null, 5, ['eA==']])
    assert.equal(contentOf({ 'ca.key': wrong }).caKey, undefined);
});

test('a Secret that takes no certificate is an error that says what to do', async (t) => {
  const both = await start(t);
  both.api.create(SECRETS, {
    metadata: { name: 'rollcall-tls' },
    type: 'kubernetes.io/basic-auth',
    data: {},
  });
  const store = secretStore(both.client, 'rollcall-system', 'rollcall-tls');
  const stored = await store.load();
  const message = 'data[username]: Required value';
  both.api.fault(({ method }) =>
    method === 'PUT' ? { status: 422, body: { kind: 'Status', code: 422, message } } : undefined,
  );
  const serving = await issue(HOSTS, days(0));
  const content = { serving, next: undefined, trusted: [serving.cert], caKey: undefined };
  await assert.rejects(
    () => store.save(content, stored),
    /^Error: the Secret rollcall-tls takes no certificate; delete it, and a replica makes another: .*Required value/,
  );
});

test('of two who save from the same state one is told that it came second', async (t) => {
  const both = await start(t);
  const store = secretStore(both.client, 'rollcall-system', 'rollcall-tls');
  const state = async (made: Promise<KeyPair>) => {
    const serving = await made;
    return { serving, next: undefined, trusted: [serving.cert], caKey: undefined };
  };
  const [one, two] = [await state(pair()), await state(pair())];
  assert.equal(await store.load(), undefined);
  assert.equal(await store.save(one, undefined), true);
  assert.equal(await store.save(one, undefined), false);
  const before = await store.load();
  assert.deepEqual(before?.content, one);
  assert.equal(await store.save(two, before), true);
  assert.equal(await store.save(one, before), false);
  assert.deepEqual((await store.load())?.content, two);
  both.api.delete(SECRET);
  assert.equal(await store.save(one, before), false, 'one that was deleted meanwhile');
});
