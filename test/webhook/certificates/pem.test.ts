import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificatesIn, PEM_LIMIT, pairIn } from '../../../src/webhook/certificates/pem.ts';
import { pair, pem, withGarbage } from './pairs.ts';

const BEGIN = pem('CERTIFICATE', '').split('\n')[0]!;
const one = await pair();
const two = await pair();

test('one certificate and one key are a pair, spaces around them or not', () => {
  assert.deepEqual(pairIn(one.cert, one.key), one);
  assert.deepEqual(pairIn(`\n ${one.cert.trim()}`, `${one.key}\n\n`), one);
});

test('what is more or less than one certificate and one key is no pair', () => {
  const bad: [what: string, cert: string, key: string][] = [
    ['nothing', '', ''],
    ['no certificate', '', one.key],
    ['no key', one.cert, ''],
    ['several certificates', one.cert + two.cert, one.key],
    ['several keys', one.cert, one.key + two.key],
    ['a key with the certificate', one.cert + one.key, one.key],
    ['garbage in front', `garbage\n${one.cert}`, one.key],
    ['garbage behind', `${one.cert}garbage`, one.key],
    ['garbage behind the key', one.cert, `${one.key}garbage`],
    ['garbage in the base64', withGarbage(one).cert, one.key],
    ['no end', one.cert.slice(0, -30), one.key],
    ['DER that is none', pem('CERTIFICATE', 'bm90aGluZw=='), one.key],
    ['a key that is none', one.cert, pem('PRIVATE KEY', 'bm90aGluZw==')],
    ['each in place of the other', one.key, one.cert],
  ];
  for (const [what, cert, key] of bad) assert.equal(pairIn(cert, key), undefined, what);
});

test('a bundle is its certificates; what is none, or twice there, is left out', () => {
  const { cert: broken } = withGarbage(one);
  const bundle = `# comment\n${one.cert.trim()}\r\n${broken}junk${two.cert}${one.cert}${one.key}`;
  assert.deepEqual(certificatesIn(bundle), [one.cert, two.cert]);
  assert.deepEqual(certificatesIn(''), []);
  const full = one.cert.padEnd(PEM_LIMIT);
  assert.deepEqual(certificatesIn(full), [one.cert]);
  assert.deepEqual(certificatesIn(`${full} `), [], 'too long to be one');
});

test('hostile text of the largest size takes no longer than a moment', () => {
  const began = performance.now();
  for (const text of [BEGIN, `${BEGIN}A `, '-', ' ', 'A']) {
    const hostile = text.repeat(PEM_LIMIT / text.length);
    assert.deepEqual(certificatesIn(hostile), []);
    assert.equal(pairIn(hostile, hostile), undefined);
  }
  assert.ok(performance.now() - began < 2000);
});
