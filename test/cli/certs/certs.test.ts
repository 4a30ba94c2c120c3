import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { ENTRIES } from '../../../src/cli/explain/entries.ts';
import type { KeyPair } from '../../../src/webhook/certificates/source.ts';
import { days, pair } from '../../webhook/certificates/pairs.ts';
import { misuse } from '../run.ts';
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
  SYSTEM,
  secretOf,
  served,
} from './certified-cluster.ts';

const spent = await pair({ to: days(-0.5), from: days(-300) });

/** What the API server answers where cert-manager issues a certificate and injects its CA. */
const byCertManager = (ca: KeyPair, leaf: KeyPair) => ({
  [CONFIGURATION]: configuration(ca.cert, { 'cert-manager.io/inject-ca-from': 'rollcall-system/rollcall' }),
  [DEPLOYMENT]: deployment('--certificates=cert-manager'),
  [`GET ${SYSTEM}/secrets/rollcall-cert`]: secretOf(leaf),
});

describe('rollcall certs', () => {
  async function status(t: TestContext, answers: Record<string, unknown> = {}) {
    const { out, code } = await certs(t, answers, 'status', '-o', 'json');
    const told = JSON.parse(out);
    assert.equal(told.result, code === 0 ? 'ok' : 'fail');
    return { ...told, code };
  }

  test('what is served, until when, who trusts it and which replica has it', async (t) => {
    const told = await status(t);
    assert.equal(told.code, 0);
    assert.equal(told.source, 'self-managed');
    assert.equal(told.certificate.fingerprint, fingerprint(served));
    assert.equal(told.certificate.daysLeft, 299);
    assert.deepEqual(
      told.trustedBy,
      ENTRIES.map(({ name }) => name),
    );
    assert.deepEqual(
      told.replicas.map(({ name, serves, ready }: Record<string, string>) => [name, serves, ready]),
      [
        ['one', 'current', true],
        ['two', 'current', true],
      ],
    );
    const { out } = await certs(t, {}, 'status');
    assert.match(out, /^certificate +CN=test-\d+, until .* \(299 days\)/m);
    assert.match(out, /^replica +one serves it$/m);
    assert.match(out, /All is well\.$/m);
  });

  test('in the middle of a renewal the next one and who serves it is told', async (t) => {
    const next = await pair();
    const told = await status(t, {
      [CONFIGURATION]: configuration(served.cert + next.cert),
      [`GET ${SECRET}`]: secretOf(
        served,
        { 'next.crt': base64(next.cert) },
        { 'rollcall.dev/renew': fingerprint(served) },
      ),
      [ofPod('one')]: metrics(next),
      [ofPod('two')]: [503, { message: 'no' }],
    });
    assert.deepEqual([told.code, told.renewalAsked], [0, true]);
    assert.equal(told.next.fingerprint, fingerprint(next));
    assert.deepEqual(
      told.replicas.map(({ serves }: { serves: string }) => serves),
      ['next', 'unknown'],
    );
  });

  const BAD: [what: string, answers: () => Record<string, unknown>, code: string, says: RegExp][] = [
    ['no installation', () => ({ [CONFIGURATION]: [404, {}] }), 'not-installed', /no webhook configuration/],
    [
      'a bundle that does not trust it',
      () => ({ [CONFIGURATION]: configuration(other.cert) }),
      'certificate-not-trusted',
      /not trusted by pods\.rollcall\.dev and namespaces\.rollcall\.dev/,
    ],
    ['one that is not renewed', () => renewed(other), 'certificate-not-renewed', /runs out in 19 days/],
    [
      'one that has run out',
      () => ({ ...renewed(spent), [ofPod('one')]: [503, {}], [ofPod('two')]: [503, {}] }),
      'certificate-expired',
      /^the certificate has run out$/,
    ],
    [
      'a replica that serves one which is not trusted',
      () => ({ [ofPod('two')]: metrics(other) }),
      'certificate-not-trusted',
      /^what two serves is not trusted by each entry$/,
    ],
    [
      'a replica that serves one that has run out',
      () => ({ [ofPod('two')]: metrics(spent) }),
      'certificate-expired',
      /^what two serves has run out$/,
    ],
    [
      'no Secret',
      () => ({ [`GET ${SECRET}`]: [404, {}] }),
      'certificate-not-trusted',
      /the Secret rollcall-tls is not there/,
    ],
    [
      'two who write the bundles',
      () => ({ [CONFIGURATION]: configuration(served.cert, { 'cert-manager.io/inject-ca-from': 'a/b' }) }),
      'certificate-not-trusted',
      /both the webhook and cert-manager \(a\/b\)/,
    ],
  ];
  for (const [what, answers, code, says] of BAD) {
    test(`${what} is a failure`, async (t) => {
      const told = await status(t, answers());
      assert.equal(told.code, 1);
      assert.deepEqual(
        told.problems.map((problem: { code: string }) => problem.code),
        [code],
      );
      assert.match(told.problems[0].message, says);
    });
  }

  test('what may not be read is told, and is no failure', async (t) => {
    const told = await status(t, { [`GET ${SECRET}`]: [403, { message: 'forbidden' }] });
    assert.deepEqual(
      [told.code, told.unread],
      [0, ["the Secret rollcall-tls can't be read (403: forbidden)"]],
    );
    const { out } = await certs(t, { [`GET ${SECRET}`]: [403, { message: 'forbidden' }] }, 'status');
    assert.match(out, /\n\nNothing wrong was found in what could be read\.\n$/);
  });

  test('a certificate of cert-manager is trusted by its CA, and renewed there', async (t) => {
    const ca = await pair({ name: 'ca', ca: true });
    const leaf = await pair({ signedBy: ca });
    const answers = byCertManager(ca, leaf);
    const told = await status(t, answers);
    assert.deepEqual([told.code, told.source, told.secret], [0, 'cert-manager', 'rollcall-cert']);
    assert.equal(told.injectedFrom, 'rollcall-system/rollcall');
    const untrusted = await status(t, { ...answers, [CONFIGURATION]: configuration(other.cert) });
    assert.equal(untrusted.problems[0].code, 'certificate-not-trusted');
    const rotated = await certs(t, answers, 'rotate', '--yes');
    assert.deepEqual([rotated.code, rotated.changes], [1, []]);
    assert.match(rotated.out, /cmctl renew rollcall --namespace rollcall-system$/m);
    const noAnnotation = { ...answers, [CONFIGURATION]: configuration(ca.cert) };
    const named = secretOf(leaf, {}, { 'cert-manager.io/certificate-name': 'ours' });
    const byName = await certs(
      t,
      { ...noAnnotation, [`GET ${SYSTEM}/secrets/rollcall-cert`]: named },
      'rotate',
    );
    assert.match(byName.out, /cmctl renew ours --namespace rollcall-system$/m);
  });

  test('a certificate is not trusted by a CA that has run out', async (t) => {
    const ca = await pair({ name: 'ca', ca: true, from: days(-400), to: days(-1) });
    const leaf = await pair({ signedBy: ca });
    const answers = byCertManager(ca, leaf);
    const { code, problems, trustedBy } = await status(t, answers);
    assert.deepEqual([code, trustedBy], [1, []]);
    assert.deepEqual(problems, [
      {
        code: 'certificate-expired',
        message: 'the CA by which pods.rollcall.dev and namespaces.rollcall.dev trust it has run out',
      },
    ]);
    const renewed = await pair({ name: 'ca', ca: true, keyOf: ca });
    const both = configuration(ca.cert + renewed.cert);
    assert.deepEqual((await status(t, { ...answers, [CONFIGURATION]: both })).problems, []);
  });

  test('the annotation of the configuration, which is shown, acts on no terminal', async (t) => {
    const sly = configuration(served.cert, { 'cert-manager.io/inject-ca-from': 'a/b\u001b[2J\n1. x' });
    const { out } = await certs(t, { [CONFIGURATION]: sly }, 'status');
    assert.match(out, /^FAIL {2}both the webhook and cert-manager \(a\/b\\u001b\[2J\\u000a1\. x\) write/m);
    assert.ok(!out.includes('\u001b'));
    const answers = { [CONFIGURATION]: sly, [DEPLOYMENT]: deployment('--certificates=cert-manager') };
    const rotated = await certs(t, answers, 'rotate');
    assert.match(
      rotated.out,
      /^FAIL {2}cert-manager renews it: cmctl renew b\\u001b\[2J\\u000a1\. x --namespace /m,
    );
  });

  test('a certificate is trusted by those that signed it, one after the other', async (t) => {
    const root = await pair({ name: 'root', ca: true });
    const between = await pair({ name: 'between', ca: true, signedBy: root });
    const leaf = await pair({ signedBy: between });
    const answers = (chain: string) => ({
      [CONFIGURATION]: configuration(root.cert),
      [`GET ${SECRET}`]: secretOf({ ...leaf, cert: chain }, { 'ca.crt': base64(root.cert) }),
    });
    assert.deepEqual((await status(t, answers(leaf.cert + between.cert))).problems, []);
    const [problem] = (await status(t, answers(leaf.cert))).problems;
    assert.equal(problem.code, 'certificate-not-trusted', 'nothing leads from the one to the other');
  });

  test('a replica that still serves the one before is well while that one is trusted', async (t) => {
    const answers = { ...renewed(served), [CONFIGURATION]: configuration(other.cert + served.cert) };
    const told = await status(t, { ...answers, [ofPod('one')]: metrics(other) });
    assert.deepEqual(
      [told.code, ...told.replicas.map(({ serves }: { serves: string }) => serves)],
      [0, 'former', 'current'],
    );
    const { out } = await certs(t, { ...answers, [ofPod('one')]: metrics(other) }, 'status');
    assert.match(out, /^replica +one serves the one before, which is trusted until all have changed$/m);
  });

  test('a replica that serves neither the certificate nor the next one is shown with its date', async (t) => {
    const told = await status(t, { [ofPod('one')]: metrics(other) });
    assert.deepEqual(
      told.replicas.map(({ serves }: { serves: string }) => serves),
      ['another', 'current'],
    );
    const { out } = await certs(t, { [ofPod('one')]: metrics(other) }, 'status');
    assert.match(out, /^replica +one serves another one, until 20\d\d-/m);
  });

  test('a configuration that may not be read is told, and is no failure', async (t) => {
    const told = await status(t, { [CONFIGURATION]: FORBIDDEN });
    assert.deepEqual(
      [told.code, told.problems, told.unread],
      [0, [], ["the MutatingWebhookConfiguration can't be read (403: forbidden)"]],
    );
    const { out } = await certs(t, { [CONFIGURATION]: FORBIDDEN }, 'status');
    assert.doesNotMatch(out, /trusted by/);
  });

  test('the source is unknown where the Deployment does not say it', async (t) => {
    const injected = configuration(served.cert, { 'cert-manager.io/inject-ca-from': 'a/b' });
    for (const answer of [FORBIDDEN, [404, {}], deployment('--certificates=vault')]) {
      const told = await status(t, { [DEPLOYMENT]: answer, [CONFIGURATION]: injected });
      assert.deepEqual([told.code, told.source, told.unread.length], [0, 'unknown', 1]);
    }
  });

  test('the clock of the API server counts, whatever that of this machine says', async (t) => {
    for (const ahead of [400, -400]) {
      // The double answers with the true time in the header.
      t.mock.timers.enable({ apis: ['Date'], now: days(ahead) });
      const told = await status(t);
      t.mock.timers.reset();
      assert.deepEqual([told.code, told.problems, told.certificate.daysLeft], [0, [], 299], `${ahead} days`);
    }
  });

  test('a configuration that somebody else overwrites is a failure of the status', async (t) => {
    const published = secretOf(served, { 'ca.crt': base64(served.cert + other.cert) });
    const told = await status(t, { [`GET ${SECRET}`]: published });
    assert.deepEqual(
      [told.code, told.problems.map(({ code }: { code: string }) => code)],
      [1, ['certificate-not-trusted']],
    );
  });

  test('a certificate of tomorrow is a failure of the status', async (t) => {
    const early = await pair({ from: days(1), to: days(300) });
    const { code, problems } = await status(t, renewed(early));
    assert.equal(code, 1);
    assert.match(problems[0].message, /^it is not valid before /);
  });

  test('a Secret and a bundle full of CAs of one name are judged within seconds', async (t) => {
    // Each may have signed each, by its name, so that each signature would have to be tried with each key.
    const [one, two] = [await pair({ name: 'x', ca: true }), await pair({ name: 'x', ca: true })];
    const answers = {
      [CONFIGURATION]: configuration(two.cert.repeat(200)),
      [`GET ${SECRET}`]: secretOf({ ...one, cert: one.cert.repeat(200) }),
    };
    const began = performance.now();
    assert.equal((await status(t, answers)).code, 1);
    // It takes 1 s; the square of so many takes 20.
    assert.ok(performance.now() - began < 10_000);
  });

  test('wrong usage names what to give', async () => {
    assert.match(await misuse('certs', []), /^certs: nothing to do; give status or rotate$/);
    assert.match(await misuse('certs', ['renew']), /"renew" is not valid/);
    assert.match(await misuse('certs', ['status', '--yes']), /flags of certs rotate$/);
    assert.match(await misuse('repair', ['--timeout', '0']), /^--timeout: "0" is not valid; give seconds/);
  });
});
