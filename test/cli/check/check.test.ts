import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { ENTRIES } from '../../../src/cli/explain/entries.ts';
import { RULES } from '../../../src/cli/inject/access-objects.ts';
import { issue } from '../../../src/webhook/certificates/issue.ts';
import { type Answers, answeringApi, kubeconfig } from '../answering-api.ts';
import { folder, misuse, run } from '../run.ts';

const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
const CONFIGURATION = `GET ${ADMISSION}/mutatingwebhookconfigurations/rollcall`;
const SECRET = 'GET /api/v1/namespaces/rollcall-system/secrets/rollcall-tls';
const DEPLOYMENT = 'GET /apis/apps/v1/namespaces/rollcall-system/deployments/rollcall';
const SLICES = 'GET /apis/discovery.k8s.io/v1/namespaces/rollcall-system/endpointslices';
const ROLE = 'GET /apis/rbac.authorization.k8s.io/v1/clusterroles/rollcall-watcher';
const POD_ROLE = 'GET /apis/rbac.authorization.k8s.io/v1/clusterroles/rollcall-pod-watcher';
const BINDINGS = 'GET /apis/rbac.authorization.k8s.io/v1/rolebindings';
const POLICY = `GET ${ADMISSION}/validatingadmissionpolicies/rollcall-misplaced`;
const CREATE = 'POST /api/v1/namespaces/default/pods';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const version = (minor: string) =>
  [200, { major: '1', minor, gitVersion: `v1.${minor}.0` }] as [number, unknown];

describe('rollcall check', () => {
  let ca: string;
  let fine: Answers;

  before(async () => {
    const { cert } = await issue(['rollcall.rollcall-system.svc'], new Date());
    ca = cert;
    fine = {
      'GET /version': version('36'),
      [CONFIGURATION]: [200, configuration(ca, ca)],
      [SECRET]: [200, { data: { 'ca.crt': base64(ca), 'tls.crt': base64(cert) } }],
      [DEPLOYMENT]: [200, { spec: { replicas: 2 }, status: { availableReplicas: 2 } }],
      [SLICES]: [200, { items: [{ endpoints: [{ conditions: { ready: true } }] }, { endpoints: null }] }],
      [ROLE]: [200, { rules: RULES['rollcall-watcher'] }],
      [POD_ROLE]: [200, { rules: RULES['rollcall-pod-watcher'] }],
      [BINDINGS]: [200, { items: [] }],
      [POLICY]: [200, {}],
      [CREATE]: [
        201,
        { spec: { initContainers: [{ name: 'rollcall', args: ['sidecar'] }], containers: [] } },
      ],
    };
  });

  const configuration = (...bundles: string[]) => ({
    webhooks: ENTRIES.slice(0, bundles.length).map((entry, index) => ({
      ...entry,
      clientConfig: bundles[index] === '' ? {} : { caBundle: base64(bundles[index]!) },
    })),
  });

  /** What is not ok, with its message, when the API server answers so. */
  async function unwell(t: TestContext, answers: Answers): Promise<[string[], number]> {
    const directory = await folder(t, {
      config: kubeconfig('fake', (await answeringApi(t, { ...fine, ...answers })).url),
    });
    const { out, code } = await run('check', ['-o', 'json', '--kubeconfig', join(directory, 'config')]);
    const { checks, result } = JSON.parse(out);
    const bad = (checks as Record<string, string>[]).filter(({ status }) => status !== 'ok');
    assert.equal(
      result,
      bad.some(({ status }) => status === 'fail') ? 'fail' : bad.length > 0 ? 'warn' : 'ok',
    );
    assert.ok(
      bad.every(({ hint, name }) => hint !== undefined || name === 'endpoints'),
      'says what to do',
    );
    return [bad.map(({ status, name, message }) => `${status} ${name}: ${message}`), code];
  }

  test('all is well', async (t) => {
    assert.deepEqual(await unwell(t, {}), [[], 0]);
  });

  test('a group that is too large to be comfortable for the API server', async (t) => {
    const binding = { metadata: { name: 'rollcall-watcher', namespace: 'big' } };
    const sliceOf = (service: string) => ({
      metadata: { labels: { 'kubernetes.io/service-name': service } },
      endpoints: Array.from({ length: 100 }, () => ({})),
    });
    const slices = (count: number) => [
      ...Array.from({ length: count }, () => sliceOf('db')),
      sliceOf('web'),
      { metadata: {}, endpoints: null },
    ];
    const sized = (count: number): Answers => ({
      [BINDINGS]: [200, { items: [binding] }],
      'GET /apis/discovery.k8s.io/v1/namespaces/big/endpointslices': [200, { items: slices(count) }],
    });
    assert.deepEqual(await unwell(t, sized(10)), [[], 0]);
    const [bad, code] = await unwell(t, sized(11));
    assert.match(bad[0]!, /^warn group-sizes: service db in big has 1100 endpoints, over 1000/);
    assert.deepEqual([bad.length, code], [1, 0]);
    const [unread] = await unwell(t, { [BINDINGS]: [403, { message: 'no' }] });
    assert.deepEqual(unread, ["warn group-sizes: the sizes of groups can't be read (403: no)"]);
  });

  test('old API servers', async (t) => {
    assert.match(
      (await unwell(t, { 'GET /version': version('30+') }))[0][0]!,
      /^warn api: Kubernetes v1\.30/,
    );
    const [bad, code] = await unwell(t, { 'GET /version': version('29') });
    assert.deepEqual([bad.length, code], [1, 1], 'the rest is not looked at');
  });

  test('a configuration that is missing or half there', async (t) => {
    const [missing, code] = await unwell(t, { [CONFIGURATION]: [404, {}] });
    assert.equal(
      missing[0],
      'fail webhook-configuration: there is no MutatingWebhookConfiguration "rollcall"',
    );
    assert.equal(code, 1);
    const [half] = await unwell(t, { [CONFIGURATION]: [200, configuration(ca)] });
    assert.deepEqual(half, ['fail webhook-configuration: it has no entry namespaces.rollcall.dev']);
  });

  test('a ClusterRole that lacks a verb', async (t) => {
    const rules = RULES['rollcall-watcher'].map((rule) => ({ ...rule, verbs: ['get', 'list'] }));
    assert.deepEqual(await unwell(t, { [ROLE]: [200, { rules }] }), [
      ['fail cluster-role: rollcall-watcher may not list and watch endpointslices'],
      1,
    ]);
  });

  test('certificates that do not agree, or run out', async (t) => {
    const other = await issue(['x'], new Date());
    const certificates = async (answers: Answers) => (await unwell(t, answers))[0];
    assert.deepEqual(await certificates({ [CONFIGURATION]: [200, configuration(ca, '')] }), [
      'fail certificates: an entry has no caBundle',
    ]);
    assert.deepEqual(await certificates({ [CONFIGURATION]: [200, configuration(ca, other.cert)] }), [
      'fail certificates: the entries have different caBundles',
    ]);
    assert.deepEqual(await certificates({ [SECRET]: [200, { data: { 'ca.crt': base64(other.cert) } }] }), [
      'fail certificates: the entries do not trust what the Secret says',
    ]);
    const [hidden] = await certificates({ [SECRET]: [403, { message: 'no' }] });
    assert.match(hidden!, /^warn certificates: 36\d days are left; the Secret can't be read \(403: no\)$/);
    // It is good for a year.
    const old = await issue(['x'], new Date(Date.now() - 350 * 86_400_000));
    const stored = { data: { 'ca.crt': base64(old.cert), 'tls.crt': base64(old.cert) } };
    const aged = {
      [CONFIGURATION]: [200, configuration(old.cert, old.cert)],
      [SECRET]: [200, stored],
    } as Answers;
    assert.match((await certificates(aged))[0]!, /^warn certificates: a certificate runs out in 1\d days$/);
    const followed = {
      [CONFIGURATION]: [200, configuration(old.cert + ca, ca + old.cert)],
      [SECRET]: [200, { data: { 'ca.crt': base64(ca + old.cert), 'tls.crt': base64(ca) } }],
    } as Answers;
    assert.deepEqual(await certificates(followed), [], 'the one before is still trusted, in any order');
  });

  test('what runs, and what it may', async (t) => {
    const one = async (answers: Answers) => (await unwell(t, answers))[0];
    assert.deepEqual(
      await one({ [DEPLOYMENT]: [200, { spec: { replicas: 2 }, status: { availableReplicas: 1 } }] }),
      ['warn deployment: 1 of 2 replicas are available'],
    );
    assert.deepEqual(
      await one({ [SLICES]: [200, { items: [{ endpoints: [{ conditions: { ready: false } }] }] }] }),
      ['fail endpoints: no endpoint of the Service is ready'],
    );
    assert.deepEqual(await one({ [POD_ROLE]: [200, { rules: RULES['rollcall-watcher'] }] }), [
      'fail cluster-role: rollcall-pod-watcher may not list and watch pods',
    ]);
    assert.deepEqual(await one({ [POLICY]: [404, {}] }), [
      'warn policies: mistakes on workloads and namespaces are not warned of',
    ]);
  });

  test('a pod that is not injected, is refused, or may not be tried', async (t) => {
    const tried = async (status: number, body: unknown) => unwell(t, { [CREATE]: [status, body] });
    assert.deepEqual(await tried(201, { spec: { containers: [] } }), [
      ['fail dry-run: a pod that asks in default does not get the sidecar'],
      1,
    ]);
    assert.deepEqual(await tried(500, { message: 'failed calling webhook' }), [
      ["fail dry-run: a pod that asks in default can't be created: 500: failed calling webhook"],
      1,
    ]);
    const forbidden = { message: 'User "x" cannot create resource "pods" in API group ""' };
    assert.deepEqual(await tried(403, forbidden), [
      ['warn dry-run: you may not create pods in default, so none was tried'],
      0,
    ]);
  });
});

describe('which cluster', () => {
  const answers: Answers = { 'GET /version': [200, { major: '1', minor: '20', gitVersion: 'v1.20.0' }] };
  const asked = async (env: Record<string, string>, ...argv: string[]) =>
    (await run('check', argv, { env })).out.match(/at (http\S+)/)?.[1];

  test('by --kubeconfig, else $KUBECONFIG, else the file at home; --context chooses', async (t) => {
    const [first, second] = [(await answeringApi(t, answers)).url, (await answeringApi(t, answers)).url];
    const directory = await folder(t, { one: kubeconfig('one', first), two: kubeconfig('two', second) });
    const [one, two] = [join(directory, 'one'), join(directory, 'two')];
    assert.equal(await asked({ KUBECONFIG: two }, '--kubeconfig', one), first);
    assert.equal(await asked({ KUBECONFIG: two, HOME: directory }), second);
    assert.equal(await asked({ KUBECONFIG: `${one}:${two}` }), first);
    assert.equal(await asked({ KUBECONFIG: `${one}:${two}` }, '--context', 'two'), second);
    const home = await folder(t, {});
    await mkdir(join(home, '.kube'));
    await writeFile(join(home, '.kube', 'config'), kubeconfig('home', first));
    assert.equal(await asked({ HOME: home }), first);
    assert.match(
      await misuse('check', ['--context', 'three'], { KUBECONFIG: `${one}:${two}` }),
      /^--context: "three" is not in the kubeconfig; there are one two$/,
    );
    assert.match(
      await misuse('check', [], { HOME: directory }),
      /^no cluster is known; give --kubeconfig FILE/,
    );
  });
});
