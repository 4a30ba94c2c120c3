import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Timeout } from '../../../src/watcher/clock.ts';
import {
  ApiError,
  failureOf,
  isTooLargeVersion,
  isUntrusted,
  statusError,
} from '../../../src/watcher/kubernetes/api-error.ts';
import { parsePage } from '../../../src/watcher/kubernetes/parse-response.ts';

const coded = (code: string, message = 'it failed') => Object.assign(new Error(message), { code });

test('the status is the code, or what the reason stands for', () => {
  const status = (given: object) => new ApiError(given, 'stream', 0).status;
  assert.deepEqual(
    [{ code: 403 }, { reason: 'Expired' }, { reason: 'Gone' }, { reason: 'Other' }, {}].map(status),
    [403, 410, 410, 500, 500],
  );
});

test('the sentence is that of the API server, or its reason', () => {
  const sentence = (given: object) => new ApiError(given, 'response', 0).message;
  assert.equal(
    sentence({ code: 404, message: 'pods "a" not found' }),
    'the API server says 404: pods "a" not found',
  );
  assert.equal(
    sentence({ code: 429, reason: 'TooManyRequests' }),
    'the API server says 429: TooManyRequests',
  );
  assert.equal(sentence({}), 'the API server says 500: no reason given');
});

test('a pause that the server asks for is kept up to a minute, and only where it may be asked for', () => {
  const pause = (header: string | undefined, code = 429, retryAfterSeconds?: number) =>
    failureOf(statusError({ code, retryAfterSeconds }, 'response', header)).retryAfterMs;
  assert.deepEqual(
    [pause('5'), pause('60'), pause('3600'), pause('-5'), pause('soon')],
    [5000, 60_000, 60_000, 0, 0],
  );
  assert.deepEqual([pause(undefined), pause(undefined, 429, 7), pause('5', 429, 7)], [0, 7000, 5000]);
  assert.deepEqual([pause('5', 503), pause('5', 500), pause('5', 403)], [5000, 0, 0]);
});

test('what an error means to readers goes by its status', () => {
  const reason = (code: number) => failureOf(new ApiError({ code }, 'response', 0)).reason;
  assert.deepEqual([401, 403, 404, 500].map(reason), [
    'unauthorized',
    'forbidden',
    'disconnected',
    'disconnected',
  ]);
  assert.equal(failureOf(new Timeout('no word for 3 s')).message, 'no word for 3 s');
  const refused = Object.assign(coded('ECONNREFUSED', 'connect ECONNREFUSED'), { syscall: 'connect' });
  assert.equal(failureOf(refused).message, 'connect ECONNREFUSED', 'a system call names its code');
  assert.equal(failureOf(coded('CERT_HAS_EXPIRED')).message, 'it failed (CERT_HAS_EXPIRED)');
  assert.deepEqual(failureOf('text'), { reason: 'disconnected', message: 'text', retryAfterMs: 0 });
});

test('a sentence is no longer than a reader of the stream can use, whatever the answer was', () => {
  const kind = 'K'.repeat(1_000_000);
  assert.throws(
    () => parsePage(JSON.stringify({ kind, items: [] }), ['Pod']),
    (error) => {
      assert.match(failureOf(error).message, /^"K{499}$/);
      return true;
    },
  );
});

test('a version from the future is known by its cause', () => {
  const error = (given: object) => new ApiError({ code: 504, ...given }, 'response', 0);
  assert.equal(isTooLargeVersion(error({ causes: ['ResourceVersionTooLarge'] })), true);
  assert.equal(isTooLargeVersion(error({ message: 'Too large resource version: 5, current: 4' })), false);
});

test('a certificate that was not accepted is told from other failures', () => {
  const untrusted = ['CERT_HAS_EXPIRED', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'DEPTH_ZERO_SELF_SIGNED_CERT'];
  untrusted.push(
    'SELF_SIGNED_CERT_IN_CHAIN',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'HOSTNAME_MISMATCH',
    'INVALID_CA',
  );
  for (const code of untrusted) assert.equal(isUntrusted(coded(code)), true, code);
  for (const code of ['ECONNREFUSED', 'ERR_TLS_HANDSHAKE_TIMEOUT', ''])
    assert.equal(isUntrusted(coded(code)), false, code);
  assert.equal(isUntrusted(new Error('no code')), false);
});

test('the message of a server with several addresses says what each of them did', () => {
  const refused = (address: string) =>
    Object.assign(new Error(`connect ECONNREFUSED ${address}`), { code: 'ECONNREFUSED', syscall: 'connect' });
  const all = Object.assign(new AggregateError([refused('::1:6443'), refused('127.0.0.1:6443')]), {
    code: 'ECONNREFUSED',
  });
  assert.equal(failureOf(all).message, 'connect ECONNREFUSED ::1:6443, connect ECONNREFUSED 127.0.0.1:6443');
});
