import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pair } from '../../webhook/certificates/pairs.ts';
import {
  base64,
  CONFIGURATION,
  certs,
  configuration,
  DEPLOYMENT,
  deployment,
  FORBIDDEN,
  fingerprint,
  metrics,
  ofPod,
  other,
  renewed,
  SECRET,
  secretOf,
  served,
} from './certified-cluster.ts';

describe('rollcall certs rotate', () => {
  test('a rotation is shown, and asked for only with --yes, of just what was read', async (t) => {
    const shown = await certs(t, {}, 'rotate');
    assert.deepEqual([shown.code, shown.changes], [0, []]);
    assert.match(shown.out, /^1\. write rollcall\.dev\/renew=.*\n.*\n.*\n\nNothing was changed/);
    const done = await certs(t, { [`PATCH ${SECRET}`]: [200, {}] }, 'rotate', '--yes');
    assert.equal(done.code, 0);
    assert.deepEqual(
      done.changes.map(({ body }) => JSON.parse(body!)),
      [{ metadata: { resourceVersion: '7', annotations: { 'rollcall.dev/renew': fingerprint(served) } } }],
    );
    const now = await certs(t, { [`DELETE ${SECRET}`]: [200, {}] }, 'rotate', '--now', '--yes');
    assert.deepEqual(
      now.changes.map(({ body }) => JSON.parse(body!).preconditions),
      [{ uid: 'u1', resourceVersion: '7' }],
    );
  });

  test('what changed in the meantime is not rotated', async (t) => {
    const { code, out } = await certs(t, { [`PATCH ${SECRET}`]: [409, {}] }, 'rotate', '--yes');
    assert.equal(code, 1);
    assert.match(out, /has changed in the meantime; try again/);
  });

  test('a renewal that is under way is not asked for again', async (t) => {
    const asked = { [`GET ${SECRET}`]: secretOf(served, {}, { 'rollcall.dev/renew': fingerprint(served) }) };
    const { code, out, changes } = await certs(t, asked, 'rotate', '--yes');
    assert.deepEqual([code, changes], [0, []]);
    assert.match(out, /a renewal is under way/);
    const next = await pair();
    const published = { [`GET ${SECRET}`]: secretOf(served, { 'next.crt': base64(next.cert) }) };
    const again = await certs(t, published, 'rotate', '--yes');
    assert.deepEqual([again.code, again.changes], [0, []]);
    assert.match(again.out, /a renewal is under way/);
  });

  const REFUSED: [what: string, answers: () => Record<string, unknown>, flags: string[], says: RegExp][] = [
    [
      'a configuration that may not be read',
      () => ({ [CONFIGURATION]: FORBIDDEN }),
      [],
      /trust can't be read/,
    ],
    [
      'a Deployment that may not be read',
      () => ({ [DEPLOYMENT]: FORBIDDEN }),
      [],
      /Deployment can't be read .*says who/,
    ],
    ['no Deployment', () => ({ [DEPLOYMENT]: [404, {}] }), [], /no Deployment rollcall in rollcall-system/],
    [
      'settings of another version',
      () => ({ [DEPLOYMENT]: deployment('--certificates=vault') }),
      [],
      /settings of the Deployment can't be understood \(--certificates: "vault"/,
    ],
    [
      'a Secret that may not be read',
      () => ({ [`GET ${SECRET}`]: FORBIDDEN }),
      [],
      /can't be read \(403: forbidden\)/,
    ],
    ['no Secret', () => ({ [`GET ${SECRET}`]: [404, {}] }), [], /no Secret rollcall-tls .* make one/],
    [
      'a Secret with something else',
      () => ({ [`GET ${SECRET}`]: secretOf(served, { 'tls.crt': base64('x'.repeat(1_000_000)) }) }),
      ['--now'],
      /holds no certificate; .*kubectl -n rollcall-system delete secret rollcall-tls$/m,
    ],
    [
      'files',
      () => ({ [DEPLOYMENT]: deployment('--certificates=files') }),
      ['--now'],
      /keeps the files; renew them/,
    ],
    [
      'an immutable Secret',
      () => ({ [`GET ${SECRET}`]: [200, { ...(secretOf(served)[1] as object), immutable: true }] }),
      [],
      /immutable.* --now replaces it/,
    ],
    ['a Secret with a finalizer', () => ({ [`GET ${SECRET}`]: finalized() }), ['--now'], /finalizer a\/b/],
    [
      'a configuration that somebody else overwrites',
      () => ({ [`GET ${SECRET}`]: secretOf(served, { 'ca.crt': base64(served.cert + other.cert) }) }),
      ['--now'],
      /pods\.rollcall\.dev does not trust all .* GitOps .*caBundle$/m,
    ],
    [
      'no right to ask',
      () => ({ [`PATCH ${SECRET}`]: FORBIDDEN }),
      [],
      /can't be changed \(403: forbidden\)/,
    ],
    ['no right to delete', () => ({ [`DELETE ${SECRET}`]: FORBIDDEN }), ['--now'], /can't be changed \(403/],
    ['a Secret that is gone by then', () => ({ [`DELETE ${SECRET}`]: [404, {}] }), ['--now'], /try again/],
  ];
  for (const [what, answers, flags, says] of REFUSED) {
    test(`a rotation fails with ${what}, and says what to do`, async (t) => {
      const given = answers();
      const { code, out, changes } = await certs(t, given, 'rotate', '--yes', ...flags);
      assert.match(out, says);
      const tried = Object.keys(given).some((request) => /^(PATCH|DELETE)/.test(request));
      assert.deepEqual([code, changes.length], [1, tried ? 1 : 0]);
      const { result, problems } = JSON.parse(
        (await certs(t, given, 'rotate', '--yes', ...flags, '-o', 'json')).out,
      );
      assert.equal(result, 'fail');
      assert.match(problems[0].message, says);
    });
  }

  const finalized = () => [
    200,
    { ...(secretOf(served)[1] as object), metadata: { name: 'rollcall-tls', finalizers: ['a/b'] } },
  ];

  test('a rotation waits until each replica has left the certificate before', async (t) => {
    const answers = { ...renewed(served), [CONFIGURATION]: configuration(other.cert + served.cert) };
    const again = { ...answers, [ofPod('one')]: metrics(other) };
    for (const flags of [[], ['--now']]) {
      const { code, out, changes } = await certs(t, again, 'rotate', '--yes', ...flags);
      assert.deepEqual([code, changes], [0, []]);
      assert.match(out, /under way: one still serves the one before/);
    }
  });

  test('an answer that is lost leaves it open whether the Secret was changed, and says so', async (t) => {
    for (const flags of [[], ['--now']]) {
      const lost = { [`PATCH ${SECRET}`]: 'lost', [`DELETE ${SECRET}`]: 'lost' };
      const { code, out, changes } = await certs(t, lost, 'rotate', '--yes', ...flags);
      assert.deepEqual([code, changes.length], [1, 1]);
      assert.match(out, /can't be reached .*whether the Secret was changed is not known/);
    }
  });

  test('what is not trusted is not replaced by what would not be either', async (t) => {
    const answers = { [CONFIGURATION]: configuration(other.cert) };
    const { code, changes } = await certs(t, answers, 'rotate', '--now', '--yes');
    assert.deepEqual([code, changes], [1, []]);
  });
});
