import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { ENTRIES } from '../../../src/cli/explain/entries.ts';
import type { KeyPair } from '../../../src/webhook/certificates/source.ts';
import { days, pair } from '../../webhook/certificates/pairs.ts';
import { type Answers, answeringApi, kubeconfig } from '../answering-api.ts';
import { folder, misuse, run } from '../run.ts';

const CONFIGURATION = 'GET /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/rollcall';
const SYSTEM = '/api/v1/namespaces/rollcall-system';
const SECRET = `${SYSTEM}/secrets/rollcall-tls`;
const DEPLOYMENT = 'GET /apis/apps/v1/namespaces/rollcall-system/deployments/rollcall';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const fingerprint = ({ cert }: KeyPair) => new X509Certificate(cert).fingerprint256;

const configuration = (bundle: string, annotations = {}) => [
  200,
  {
    metadata: { annotations },
    webhooks: ENTRIES.map((entry) => ({ ...entry, clientConfig: { caBundle: base64(bundle) } })),
  },
];
const deployment = (...args: string[]) => [
  200,
  {
    spec: {
      template: {
        spec: {
          containers: [
            {
              args: ['webhook', '--image=x', ...args],
              volumeMounts: [{ name: 'tls', mountPath: '/etc/rollcall/tls' }],
            },
          ],
          volumes: [{ name: 'tls', secret: { secretName: 'rollcall-cert' } }],
        },
      },
    },
  },
];
const pod = (name: string) => ({
  metadata: { name },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
});
const metrics = ({ cert }: KeyPair) => {
  const { validFromDate, validToDate } = new X509Certificate(cert);
  return [
    200,
    `rollcall_certificate_expiry_timestamp_seconds ${validToDate.getTime() / 1000}\n` +
      `rollcall_certificate_not_before_timestamp_seconds ${validFromDate.getTime() / 1000}\n`,
  ];
};
const ofPod = (name: string) => `GET ${SYSTEM}/pods/https:${name}:8443/proxy/metrics`;

describe('rollcall certs', () => {
  let served: KeyPair;
  let other: KeyPair;
  let spent: KeyPair;
  let fine: Record<string, unknown>;

  before(async () => {
    served = await pair({ to: days(300) });
    other = await pair({ to: days(20), from: days(-340) });
    spent = await pair({ to: days(-0.5), from: days(-300) });
    fine = {
      [CONFIGURATION]: configuration(served.cert),
      [DEPLOYMENT]: deployment(),
      [`GET ${SECRET}`]: secretOf(served),
      [`GET ${SYSTEM}/pods`]: [200, { items: [pod('one'), pod('two')] }],
      [ofPod('one')]: metrics(served),
      [ofPod('two')]: metrics(served),
    };
  });

  const secretOf = ({ cert }: KeyPair, more: object = {}, annotations = {}) => [
    200,
    {
      metadata: { name: 'rollcall-tls', uid: 'u1', resourceVersion: '7', annotations },
      data: { 'tls.crt': base64(cert), ...more },
    },
  ];

  async function certs(t: TestContext, answers: Record<string, unknown>, ...argv: string[]) {
    const api = await answeringApi(t, { ...fine, ...answers } as Answers);
    const directory = await folder(t, { config: kubeconfig('fake', api.url) });
    const { out, code } = await run('certs', [...argv, '--kubeconfig', join(directory, 'config')]);
    const changes = api.requests.filter(({ method }) => method !== 'GET');
    return { out, code, changes };
  }

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

  /** Another certificate in each place, and served by both replicas. */
  const renewed = (by: KeyPair) => ({
    [CONFIGURATION]: configuration(by.cert),
    [`GET ${SECRET}`]: secretOf(by),
    [ofPod('one')]: metrics(by),
    [ofPod('two')]: metrics(by),
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
    const answers = {
      [CONFIGURATION]: configuration(ca.cert, {
        'cert-manager.io/inject-ca-from': 'rollcall-system/rollcall',
      }),
      [DEPLOYMENT]: deployment('--certificates=cert-manager'),
      [`GET ${SYSTEM}/secrets/rollcall-cert`]: secretOf(leaf),
    };
    const told = await status(t, answers);
    assert.deepEqual([told.code, told.source, told.secret], [0, 'cert-manager', 'rollcall-cert']);
    assert.equal(told.injectedFrom, 'rollcall-system/rollcall');
    const untrusted = await status(t, { ...answers, [CONFIGURATION]: configuration(other.cert) });
    assert.equal(untrusted.problems[0].code, 'certificate-not-trusted');
    const rotated = await certs(t, answers, 'rotate', '--yes');
    assert.deepEqual([rotated.code, rotated.changes], [1, []]);
    assert.match(rotated.out, /cmctl renew rollcall$/m);
  });

  test('the annotation of the configuration, which is shown, acts on no terminal', async (t) => {
    const sly = configuration(served.cert, { 'cert-manager.io/inject-ca-from': 'a/b\u001b[2J\n1. x' });
    const { out } = await certs(t, { [CONFIGURATION]: sly }, 'status');
    assert.match(out, /^FAIL {2}both the webhook and cert-manager \(a\/b\\u001b\[2J\\u000a1\. x\) write/m);
    assert.ok(!out.includes('\u001b'));
    const answers = { [CONFIGURATION]: sly, [DEPLOYMENT]: deployment('--certificates=cert-manager') };
    const rotated = await certs(t, answers, 'rotate');
    assert.match(rotated.out, /^FAIL {2}cert-manager renews it: cmctl renew b\\u001b\[2J\\u000a1\. x$/m);
  });

  test('a certificate is trusted by those that signed it, one after the other', async (t) => {
    const root = await pair({ name: 'root', ca: true });
    const between = await pair({ name: 'between', ca: true, signedBy: root });
    const leaf = await pair({ signedBy: between });
    const answers = (chain: string) => ({
      [CONFIGURATION]: configuration(root.cert),
      [`GET ${SECRET}`]: secretOf({ ...leaf, cert: chain }),
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

  test('what is not trusted is not replaced by what would not be either', async (t) => {
    const answers = { [CONFIGURATION]: configuration(other.cert) };
    const { code, changes } = await certs(t, answers, 'rotate', '--now', '--yes');
    assert.deepEqual([code, changes], [1, []]);
  });

  test('wrong usage names what to give', async () => {
    assert.match(await misuse('certs', []), /^certs: "" is not valid; give status or rotate$/);
    assert.match(await misuse('certs', ['renew']), /"renew" is not valid/);
    assert.match(await misuse('certs', ['status', '--yes']), /flags of certs rotate$/);
    assert.match(await misuse('repair', ['--timeout', '0']), /^--timeout: "0" is not valid; give seconds/);
  });
});
