/** Reviews that no API server sends: one good review with one place of it made wrong, and texts that are no review. */

import { apply_patch } from 'jsonpatch';
import { type Json, review, richPod, skippedReview } from './reviews.ts';

export interface Malformed {
  kind: string;
  body: string | Uint8Array;
  headers?: Record<string, string>;
  path?: string;
  /** Whether a fault of the webhook is a right answer: a namespace or an account that is not there is one. */
  mayFail?: boolean;
}

type Place = readonly (string | number)[];

/** The wrong values that stand in the place of the right one. */
const WRONG: readonly (readonly [string, () => unknown])[] = [
  ['null', () => null],
  ['a boolean', () => true],
  ['a number', () => 7],
  ['a fraction', () => -1.5],
  ['a text', () => 'x'],
  ['an empty text', () => ''],
  ['a text of 300 characters', () => 'a'.repeat(300)],
  ['a text with control characters', () => 'a\u0000\n\r\u001b[31m\u2028\ud800'],
  ['an empty array', () => []],
  ['an array of null', () => [null]],
  ['an array of arrays', () => [[[]]]],
  ['an object', () => ({})],
  ['an object of null', () => ({ name: null, length: null, value: null })],
];

/** Every place of each review times every wrong value; `share` of 3 takes a third of them. */
export function* wrongTypes(injected: Json, share = 1): Generator<Malformed> {
  const bases = {
    'an injecting review': review(richPod()),
    'a skipped review': skippedReview(),
    injected,
  };
  let count = 0;
  for (const [base, good] of Object.entries(bases)) {
    for (const place of places(good)) {
      for (const [name, value] of WRONG) {
        if (count++ % share !== 0) continue;
        const bad = structuredClone(good);
        put(bad, place, value());
        yield {
          kind: `${name} at ${place.join('.')} of ${base}`,
          body: JSON.stringify(bad),
          mayFail: /^request\.(namespace|object\.spec\.serviceAccount(Name)?)$/.test(place.join('.')),
        };
      }
    }
  }
}

/** The review of the pod that comes out of the answer to `good`. */
export function injectedReview(good: Json, answer: Json): Json {
  const operations = JSON.parse(Buffer.from(answer.response.patch, 'base64').toString());
  return { ...good, request: { ...good.request, object: apply_patch(good.request.object, operations) } };
}

function* places(value: Json, place: Place = []): Generator<Place> {
  if (place.length > 0) yield place;
  if (value === null || typeof value !== 'object') return;
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    yield* places(value[key], [...place, key as string | number]);
  }
}

function put(target: Json, place: Place, value: unknown): void {
  let parent = target;
  for (const key of place.slice(0, -1)) parent = parent[key];
  parent[place.at(-1)!] = value;
}

/** A review around a text that takes the place of its pod, or of a value in its pod. */
function around(pod: string): string {
  return JSON.stringify(review('POD')).replace('"POD"', () => pod);
}

function annotated(value: string): string {
  const pod = JSON.stringify(richPod()).replace(
    '"rollcall.dev/wait-for":"3"',
    () => `"rollcall.dev/wait-for":${value}`,
  );
  return around(pod);
}

/** Texts that are no JSON, no review, or JSON of an unusual kind. */
export function* wrongTexts(): Generator<Malformed> {
  const good = JSON.stringify(review(richPod()));
  const text = (kind: string, body: string | Uint8Array) => ({ kind, body });
  yield text('an empty body', '');
  for (const one of [
    'null',
    'true',
    '0',
    '"x"',
    '[]',
    '{}',
    '[null]',
    '{"request":null}',
    '{',
    '[[[[',
    ' ',
  ]) {
    yield text(`a body of ${one}`, one);
  }
  for (let cut = 1; cut < good.length; cut += 97) yield text('a review that is cut', good.slice(0, cut));
  for (let at = 0; at < good.length; at += 211) {
    yield text('a review with a byte changed', `${good.slice(0, at)}\u0001${good.slice(at + 1)}`);
  }
  for (const depth of [1000, 100_000, 1_000_000]) {
    yield text(
      `arrays ${depth} deep in the pod`,
      around(`{"spec":{"containers":${'['.repeat(depth)}${']'.repeat(depth)}}}`),
    );
    yield text(
      `objects ${depth} deep for an annotation`,
      annotated(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`),
    );
    yield text(`arrays ${depth} deep that never end`, '['.repeat(depth));
  }
  for (const number of ['1e999', '-1e999', '9'.repeat(400), `0.${'0'.repeat(400)}1`, '1E+2147483648', '-0']) {
    yield text(`the number ${number.slice(0, 12)}`, annotated(number));
    yield text(`a uid of ${number.slice(0, 12)}`, good.replace(/"uid":"[^"]+"/, `"uid":${number}`));
  }
  for (const key of [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'valueOf',
    'length',
  ]) {
    yield text(`the key ${key} in the review`, `{"${key}":{"kind":"AdmissionReview"},${good.slice(1)}`);
    yield text(`the key ${key} in the request`, good.replace('"request":{', `"request":{"${key}":null,`));
    yield text(
      `the key ${key} in annotations`,
      good.replace('"annotations":{', `"annotations":{"${key}":{"a":1},`),
    );
    yield text(`the key ${key} in labels`, good.replace('"labels":{', `"labels":{"${key}":"x",`));
    yield text(`the key ${key} in requests`, good.replace('"requests":{', `"requests":{"${key}":"1",`));
    yield text(`the name ${key} of a container`, good.replace('"name":"app"', `"name":"${key}"`));
    yield text(`the setting ${key}`, good.replace('"rollcall.dev/containers"', `"rollcall.dev/${key}"`));
  }
  yield text(
    'a __proto__ of an injected status',
    good.replace('"annotations":{', '"annotations":{"__proto__":{"rollcall.dev/status":"{}"},'),
  );
  yield text('a key twice', good.replace('"request":{', '"request":{"uid":1,"uid":[],'));
  yield text('a request twice', `${good.slice(0, -1)},"request":null}`);
  yield text('half of a surrogate pair', good.replace('"name":"db-0"', '"name":"\\ud800"'));
  yield text('a byte order mark', `\ufeff${good}`);
  yield text('UTF-16', Buffer.from(good, 'utf16le'));
  for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0x80]]) {
    const at = good.indexOf('registry.example');
    const parts = [Buffer.from(good.slice(0, at)), Buffer.from(bytes), Buffer.from(good.slice(at))];
    yield text(`the bytes ${bytes.join(' ')}`, Buffer.concat(parts));
  }
  yield text('zero bytes', Buffer.alloc(10_000));
  yield text('a review and more', `${good}${good}`);
  yield text('a NUL after the review', `${good}\u0000`);
  yield text('a list of reviews', `[${good},${good}]`);
  yield text('an old version', good.replace('admission.k8s.io/v1', 'admission.k8s.io/v1beta1'));
  for (const name of ['Pod', 'AdmissionReviewList', '__proto__']) {
    yield text(`a review of kind ${name}`, good.replace('"kind":"AdmissionReview"', `"kind":"${name}"`));
  }
}

/** The same review under other headers and paths. */
export function* wrongHeaders(): Generator<Malformed> {
  const body = JSON.stringify(review(richPod()));
  const types = [
    'text/plain',
    'application/xml',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-16',
  ];
  types.push(
    'application/json; charset=nonsense',
    'application/x-www-form-urlencoded',
    ';',
    'a/b/c',
    'application/json;;;=',
  );
  types.push(
    'application/vnd.kubernetes.protobuf',
    'application/json, text/plain',
    `application/${'j'.repeat(5000)}`,
  );
  for (const type of types)
    yield { kind: `the content type ${type.slice(0, 40)}`, body, headers: { 'content-type': type } };
  for (const encoding of ['gzip', 'deflate', 'br', 'identity', 'gzip, gzip', 'nonsense']) {
    yield { kind: `the encoding ${encoding}`, body, headers: { 'content-encoding': encoding } };
  }
  for (const path of [
    '//mutate',
    '/mutate/',
    '/mutate/../mutate',
    '/%6dutate',
    '/mutate%00',
    '/MUTATE',
    '/mutate?timeout=1e9s',
  ]) {
    yield { kind: `the path ${path}`, body, path };
  }
  yield { kind: 'a path that can not be decoded', body, path: '/%ff%fe%' };
  yield { kind: 'a path of 10,000 characters', body, path: `/${'x'.repeat(10_000)}` };
  yield { kind: 'a query of 10,000 keys', body, path: `/mutate?${'a[b][c]=1&'.repeat(1000)}` };
  yield { kind: 'a header of 12,000 characters', body, headers: { 'x-long': 'x'.repeat(12_000) } };
  yield {
    kind: 'a hop by hop header',
    body,
    headers: { connection: 'content-length, x', 'x-forwarded-for': '127.0.0.1' },
  };
  yield { kind: 'an upgrade', body, headers: { connection: 'upgrade', upgrade: 'h2c' } };
  yield { kind: 'a range', body, headers: { range: 'bytes=0-1', 'if-none-match': '*' } };
}
