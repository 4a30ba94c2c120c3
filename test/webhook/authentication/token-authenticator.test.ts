import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import { parseToken } from '../../../src/webhook/authentication/api-server-token.ts';
import { IssuerKeys } from '../../../src/webhook/authentication/issuer-keys.ts';
import { tokenAuthenticator } from '../../../src/webhook/authentication/token-authenticator.ts';
import type { ServerConnection } from '../../../src/webhook/limits/connections.ts';
import { reviewOf } from '../reviews.ts';
import { get, post, startServer } from '../running-server.ts';

const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const EXPECTED = { audience: 'https://rollcall.rollcall-system.svc:443/mutate', configuration: 'rollcall' };
const NOW = 1_800_000_000;

interface Pair {
  id: string;
  algorithm: string;
  privateKey: KeyObject;
  jwk: object;
}

const CURVES = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

function pairOf(id: string, algorithm: 'RS256' | keyof typeof CURVES): Pair {
  const { publicKey, privateKey } =
    algorithm === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: CURVES[algorithm] });
  return {
    id,
    algorithm,
    privateKey,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid: id, alg: algorithm },
  };
}

const rsa = pairOf('rsa-1', 'RS256');
const ec = pairOf('ec-1', 'ES256');
const ec384 = pairOf('ec-2', 'ES384');
const ec512 = pairOf('ec-3', 'ES512');
const stranger = pairOf('rsa-1', 'RS256');

/** The claims of a token as an API server of Kubernetes 1.37 issues it. */
function claims(changes: object = {}, bound: object = {}): object {
  return {
    iss: ISSUER,
    aud: [EXPECTED.audience],
    exp: NOW + 600,
    nbf: NOW - 1,
    sub: 'system:serviceaccount:kube-system:webhook-auth',
    'kubernetes.io': {
      namespace: 'kube-system',
      mutatingwebhookconfiguration: { name: 'rollcall', uid: 'u' },
      attestations: { admissionReviewAPIGroups: ['*'] },
      ...bound,
    },
    ...changes,
  };
}

function token(
  payload: object = claims(),
  { id, algorithm, privateKey }: Pair = rsa,
  header: object = {},
): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: algorithm, kid: id, ...header })}.${part(payload)}`;
  const hash = `sha${algorithm.slice(2)}`;
  const signature = sign(hash, Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

/** A cluster that publishes `keys`; `asked` are the paths that were read. */
function cluster({ keys = [rsa.jwk, ec.jwk, ec384.jwk, ec512.jwk], required = true, broken = false } = {}) {
  const asked: string[] = [];
  const state = { broken };
  const clock = { ms: 0, seconds: NOW };
  const read = async (path: string) => {
    asked.push(path);
    if (state.broken) throw new Error('the API server is away');
    return path === '/openid/v1/jwks' ? { keys } : { issuer: ISSUER };
  };
  const logs: string[] = [];
  const log = { info() {}, error() {}, warn: (message: string) => void logs.push(message) };
  const issuer = new IssuerKeys(read, () => clock.ms);
  const callers = tokenAuthenticator({
    keys: issuer,
    expected: EXPECTED,
    required,
    log,
    nowSeconds: () => clock.seconds,
  });
  const check = async (bearer?: string) => {
    const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
    const refused = await callers.check({ headers } as IncomingMessage, {} as ServerConnection);
    return refused === undefined ? 'allowed' : `${refused.status} ${refused.message}`;
  };
  return { check, callers, asked, clock, logs, keys, state };
}

describe('a token', () => {
  for (const pair of [rsa, ec, ec384, ec512]) {
    test(`of the cluster, signed by ${pair.algorithm}, is good, and is not verified twice`, async () => {
      const { check, asked } = cluster();
      const one = token(claims(), pair);
      assert.equal(await check(one), 'allowed');
      assert.equal(await check(one), 'allowed');
      assert.deepEqual(asked, ['/.well-known/openid-configuration', '/openid/v1/jwks']);
    });
  }

  const bad: [what: string, token: string, sentence: RegExp][] = [
    ['of another key by the same name', token(claims(), stranger), /signature/],
    ['of another issuer', token(claims({ iss: 'https://evil' })), /another issuer/],
    [
      'for another webhook',
      token(claims({ aud: ['https://other.demo.svc:443/mutate'] })),
      /not for this webhook/,
    ],
    ['that has run out', token(claims({ exp: NOW - 60 })), /run out/],
    ['that never runs out', token(claims({ exp: undefined })), /run out/],
    ['of the future', token(claims({ nbf: NOW + 600 })), /not hold yet/],
    ['that a pod has asked for', token(claims({ 'kubernetes.io': { pod: { name: 'evil' } } })), /not bound/],
    [
      'bound to another configuration',
      token(claims({}, { mutatingwebhookconfiguration: { name: 'other' } })),
      /not bound/,
    ],
    ['without an attestation', token(claims({}, { attestations: {} })), /attests no question about pods/],
    [
      'of an aggregated API server',
      token(claims({}, { attestations: { admissionReviewAPIGroups: ['example.com'] } })),
      /attests no question/,
    ],
    ['that ran out more than 10 s ago', token(claims({ exp: NOW - 10.001 })), /run out/],
    ['that holds in more than 10 s', token(claims({ nbf: NOW + 10.001 })), /not hold yet/],
    ['whose validity is a text', token(claims({ nbf: '0' })), /not hold yet/],
    ['whose binding is null', token(claims({ 'kubernetes.io': null })), /not bound/],
    [
      'whose attestation is a text',
      token(claims({}, { attestations: { admissionReviewAPIGroups: '*' } })),
      /attests no/,
    ],
    ['whose algorithm is of another curve', token(claims(), ec, { alg: 'ES384' }), /signature/],
    ['whose algorithm is none', token(claims(), rsa, { alg: 'none' }), /signature/],
    ['whose algorithm is of another kind of key', token(claims(), rsa, { alg: 'HS256' }), /signature/],
    ['whose algorithm is a property of every object', token(claims(), rsa, { alg: 'toString' }), /signature/],
  ];
  for (const [what, given, sentence] of bad) {
    test(`${what} is refused`, async () => {
      const answer = await cluster().check(given);
      assert.match(answer, /^401 /);
      assert.match(answer, sentence);
    });
  }

  test('is verified again when it has run out', async () => {
    const { check, clock } = cluster();
    const one = token();
    assert.equal(await check(one), 'allowed');
    clock.seconds = NOW + 620;
    assert.match(await check(one), /run out/);
  });

  test('by a new key makes the keys be read again, at most once a minute', async () => {
    const { check, asked, clock, keys } = cluster();
    assert.equal(await check(token()), 'allowed');
    const next = pairOf('next', 'ES256');
    keys.push(next.jwk);
    for (let n = 0; n < 20; n += 1) assert.match(await check(token(claims({ n }), next)), /^401 /);
    assert.equal(asked.length, 2);
    clock.ms = 59_999;
    assert.match(await check(token(claims(), next)), /^401 /);
    clock.ms = 60_000;
    assert.equal(await check(token(claims(), next)), 'allowed');
    assert.equal(asked.length, 4);
  });
});

describe('where a token is required', () => {
  test('none, and what is no such token, are refused', async () => {
    const { check } = cluster();
    assert.match(await check(), /^401 send the token/);
    for (const given of ['opaque', 'a.b.c', `${'x'.repeat(9000)}.b.c`])
      assert.match(await check(given), /^401/);
  });

  test('keys that can not be read are a 503, and are asked for again a second later', async () => {
    const { check, logs, asked, clock, state } = cluster({ broken: true });
    assert.match(await check(token()), /^503 /);
    assert.deepEqual(logs, ['keys of the token issuer not read']);
    state.broken = false;
    clock.ms = 999;
    assert.match(await check(token()), /^503 /);
    assert.equal(asked.length, 2);
    clock.ms = 1000;
    assert.equal(await check(token()), 'allowed');
    assert.equal(asked.length, 4);
  });
});

describe('where none is required', () => {
  test('none, and what is of somebody else, let a caller through; a bad one does not', async () => {
    const { check } = cluster({ required: false });
    for (const given of [undefined, 'opaque', token(claims({ iss: 'https://elsewhere' }))]) {
      assert.equal(await check(given), 'allowed');
    }
    assert.match(await check(token(claims(), stranger)), /^401 /);
  });

  test('keys that can not be read keep nobody out', async () => {
    assert.equal(await cluster({ required: false, broken: true }).check(token()), 'allowed');
  });
});

test('the server asks for the token of a review, and of nothing else', async (t: TestContext) => {
  const { callers } = cluster();
  const running = await startServer(t, { callers });
  const headers = { authorization: `Bearer ${token()}` };
  assert.equal((await post(running, reviewOf(), { headers })).status, 200);
  assert.equal((await post(running, reviewOf())).status, 401);
  assert.equal((await get(running, '/healthz')).status, 200);
});

test('clocks may differ by 10 s, in both directions', async () => {
  assert.equal(await cluster().check(token(claims({ exp: NOW - 10 }))), 'allowed');
  assert.equal(await cluster().check(token(claims({ nbf: NOW + 10 }))), 'allowed');
  assert.equal(await cluster().check(token(claims({ nbf: undefined, aud: EXPECTED.audience }))), 'allowed');
});

test("what only looks like a token is somebody else's credential", () => {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const header = part({ alg: 'RS256', kid: 'a' });
  const body = part({});
  assert.deepEqual(parseToken(`${header}.${body}.c2ln`), {
    algorithm: 'RS256',
    keyId: 'a',
    claims: {},
    signed: `${header}.${body}`,
    signature: Buffer.from('sig'),
  });
  const heads = [
    part(null),
    part(5),
    part({ alg: 'RS256' }),
    part({ kid: 'a' }),
    part({ alg: 1, kid: 'a' }),
    '{',
  ];
  for (const head of heads) assert.equal(parseToken(`${head}.${body}.c2ln`), undefined, head);
  for (const claims of [part(null), part('text'), '{', '']) {
    assert.equal(parseToken(`${header}.${claims}.c2ln`), undefined, claims);
  }
  for (const text of [
    '',
    '..',
    `${header}.${body}`,
    `${header}.${body}.`,
    `.${body}.c2ln`,
    `${header}.${body}.c2ln.x`,
  ]) {
    assert.equal(parseToken(text), undefined, text);
  }
  const filler = 'a'.repeat(6144 - header.length - body.length - 2);
  assert.ok(parseToken(`${header}.${body}.${filler}`) !== undefined, 'of the greatest length');
  assert.equal(parseToken(`${header}.${body}.${filler}a`), undefined);
});
