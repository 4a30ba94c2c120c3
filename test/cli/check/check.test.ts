import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import packageJson from '../../../package.json' with { type: 'json' };
import { type CheckCode, codes } from '../../../src/cli/check/codes.ts';
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
const SCALE_ROLE = 'GET /apis/rbac.authorization.k8s.io/v1/clusterroles/rollcall-scale-reader';
const POD_ROLE = 'GET /apis/rbac.authorization.k8s.io/v1/clusterroles/rollcall-pod-watcher';
const BINDINGS = 'GET /apis/rbac.authorization.k8s.io/v1/rolebindings';
const POLICY = `GET ${ADMISSION}/validatingadmissionpolicies/rollcall-misplaced`;
const NAMESPACES = 'GET /api/v1/namespaces';
const NAMESPACE = `${NAMESPACES}/rollcall-system`;
const ACCOUNTS = 'GET /api/v1/serviceaccounts';
const PODS = 'GET /api/v1/pods';
const CREATE = 'POST /api/v1/namespaces/default/pods';

/** The reference by which the configuration goes with the namespace of the webhook. */
const OWNER = { apiVersion: 'v1', kind: 'Namespace', name: 'rollcall-system', uid: 'of-the-namespace' };
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
/** The roles and bindings of the webhook. */
const rights: Answers = Object.fromEntries(
  [
    'clusterroles/rollcall-webhook',
    'clusterrolebindings/rollcall-webhook',
    'clusterroles/rollcall-webhook-certificates',
    'clusterrolebindings/rollcall-webhook-certificates',
    'namespaces/rollcall-system/roles/rollcall-webhook',
    'namespaces/rollcall-system/rolebindings/rollcall-webhook',
  ].map((path) => [`GET ${RBAC}/${path}`, [200, {}] as [number, unknown]]),
);

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
      [SCALE_ROLE]: [200, { rules: RULES['rollcall-scale-reader'] }],
      [BINDINGS]: [200, { items: [] }],
      [NAMESPACES]: [200, { items: [] }],
      [NAMESPACE]: [200, { metadata: { name: OWNER.name, uid: OWNER.uid } }],
      [PODS]: [200, { items: [] }],
      [POLICY]: [200, {}],
      ...rights,
      [CREATE]: [
        201,
        { spec: { initContainers: [{ name: 'rollcall', args: ['sidecar'] }], containers: [] } },
      ],
    };
  });

  const configuration = (...bundles: string[]) => ({
    metadata: { ownerReferences: [OWNER] },
    webhooks: ENTRIES.slice(0, bundles.length).map((entry, index) => ({
      ...entry,
      clientConfig: bundles[index] === '' ? {} : { caBundle: base64(bundles[index]!) },
    })),
  });

  /** Returns the findings that are not ok, with their messages, when the API server gives these answers. */
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
    for (const { code: found, hint, page } of bad) {
      assert.ok(hint, 'says what to do');
      assert.equal(page, codes[found as CheckCode].page);
    }
    return [bad.map(({ status, name, message }) => `${status} ${name}: ${message}`), code];
  }

  /** The codes of what is not ok. */
  async function codesOf(t: TestContext, answers: Answers, ...argv: string[]): Promise<string[]> {
    const directory = await folder(t, {
      config: kubeconfig('fake', (await answeringApi(t, { ...fine, ...answers })).url),
    });
    const config = join(directory, 'config');
    const { out } = await run('check', ['-o', 'json', '--kubeconfig', config, ...argv]);
    return JSON.parse(out).checks.flatMap(({ code }: { code?: string }) => code ?? []);
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
    assert.deepEqual(unread, [
      "warn grants: the RoleBinding objects can't be read (403: no)",
      "warn group-sizes: the RoleBinding objects can't be read (403: no)",
    ]);
  });

  test('a grant that is not bound, bound to others, or of no use to anybody', async (t) => {
    const namespace = (name: string, grant?: string) => ({
      metadata: { name, ...(grant === undefined ? {} : { annotations: { 'rollcall.dev/grant': grant } }) },
    });
    const binding = (of: string, ...names: string[]) => ({
      metadata: { name: 'rollcall-grant', namespace: of },
      subjects: names.map((one) => ({ kind: 'ServiceAccount', namespace: one, name: 'rollcall-watcher' })),
    });
    const found = async (namespaces: object[], bindings: object[]) =>
      unwell(t, {
        [NAMESPACES]: [200, { items: [namespace('shop'), namespace('eve'), ...namespaces] }],
        [BINDINGS]: [200, { items: bindings }],
        'GET /apis/discovery.k8s.io/v1/namespaces/team-b/endpointslices': [200, { items: [] }],
      });
    const granting = namespace('team-b', 'shop');
    assert.deepEqual(await found([granting], [binding('team-b', 'shop')]), [[], 0]);
    const missing =
      'fail grants: the binding rollcall-grant is not as the annotation rollcall.dev/grant says in team-b';
    assert.deepEqual(await found([granting], []), [[missing], 1]);
    assert.deepEqual(await found([granting], [binding('team-b', 'shop', 'eve')]), [[missing], 1]);
    assert.deepEqual(await found([namespace('team-b')], [binding('team-b', 'shop')]), [[missing], 1]);
    const [idle, code] = await found(
      [namespace('team-b', 'shop, shpo, Eve, kube-system')],
      [binding('team-b', 'shop', 'shpo')],
    );
    assert.deepEqual(idle, [
      'warn grants: grants to what is no namespace that can have one: shpo by team-b, kube-system by team-b, Eve by team-b',
    ]);
    assert.equal(code, 0);
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
    const untried = { [CONFIGURATION]: [404, {}], [CREATE]: [201, { spec: { containers: [] } }] } as Answers;
    assert.deepEqual(await codesOf(t, untried), ['not-installed', 'not-installed', 'not-installed']);
    const [half] = await unwell(t, { [CONFIGURATION]: [200, configuration(ca)] });
    assert.deepEqual(half, ['fail webhook-configuration: it has no entry namespaces.rollcall.dev']);
  });

  test('a configuration that would outlive the namespace of the webhook', async (t) => {
    const found = (metadata: object, more: Answers = {}) =>
      unwell(t, { [CONFIGURATION]: [200, { ...configuration(ca, ca), metadata }], ...more });
    const outlives = [
      [
        'warn webhook-configuration: it would outlive the namespace rollcall-system, and pods that ask would be refused',
      ],
      0,
    ];
    assert.deepEqual(await found({}), outlives);
    assert.deepEqual(await found({ ownerReferences: [{ ...OWNER, uid: 'of-a-former-one' }] }), outlives);
    assert.deepEqual(await found({ annotations: null, labels: null, ownerReferences: null }), outlives);
    const mark = { 'argocd.argoproj.io/tracking-id': 'rollcall' };
    assert.deepEqual(await found({ annotations: mark }), [[], 0], 'Argo CD deletes it itself');
    assert.deepEqual(await found({}, { [NAMESPACE]: [404, {}] }), [[], 0], 'a webhook outside of a cluster');
  });

  test('a cluster without Rollcall is told once, and so is the policy that was left behind', async (t) => {
    const nothing: Answers = { [CONFIGURATION]: [404, {}], [DEPLOYMENT]: [404, {}], [ROLE]: [404, {}] };
    const [bad, code] = await unwell(t, nothing);
    assert.match(
      bad[0]!,
      /^fail webhook-configuration: Rollcall is not installed: .* no Deployment rollcall/,
    );
    assert.deepEqual([bad.length, code], [1, 1]);
    const binding = `GET ${ADMISSION}/validatingadmissionpolicybindings/rollcall-require-injection`;
    assert.deepEqual(await codesOf(t, { ...nothing, [binding]: [200, {}] }), ['policy-left']);
  });

  test('the namespace of the webhook is the one that the configuration calls', async (t) => {
    const { metadata, webhooks } = configuration(ca, ca);
    const calling = (namespace: string) => ({
      metadata,
      webhooks: webhooks.map((entry) => ({
        ...entry,
        clientConfig: { ...entry.clientConfig, service: { namespace, name: 'rollcall' } },
      })),
    });
    const elsewhere = Object.fromEntries(
      [SECRET, DEPLOYMENT, SLICES, ...Object.keys(rights)].map((path) => [
        path.replace('rollcall-system', 'who'),
        fine[path]!,
      ]),
    );
    const moved: Answers = {
      [SECRET]: [404, {}],
      [DEPLOYMENT]: [404, {}],
      [SLICES]: [404, {}],
      ...elsewhere,
    };
    assert.deepEqual(await unwell(t, { ...moved, [CONFIGURATION]: [200, calling('who')] }), [[], 0]);
    const named = ['--system-namespace', 'who'];
    assert.deepEqual(await codesOf(t, moved, ...named), []);
    assert.deepEqual(await codesOf(t, { [CONFIGURATION]: [200, calling('../x')] }), [], 'it is no name');
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
    const spent = await issue(['x'], new Date(Date.now() - 365.5 * 86_400_000));
    const expired = {
      [CONFIGURATION]: [200, configuration(spent.cert, spent.cert)],
      [SECRET]: [200, { data: { 'ca.crt': base64(spent.cert), 'tls.crt': base64(spent.cert) } }],
    } as Answers;
    assert.deepEqual(await certificates(expired), ['fail certificates: a certificate has run out']);
    const followed = {
      [CONFIGURATION]: [200, configuration(old.cert + ca, ca + old.cert)],
      [SECRET]: [200, { data: { 'ca.crt': base64(ca + old.cert), 'tls.crt': base64(ca) } }],
    } as Answers;
    assert.deepEqual(await certificates(followed), [], 'the one before is still trusted, in any order');
  });

  test('the Secret of certificates is the one that the Deployment names', async (t) => {
    const args = ['webhook', '--image=x', '--secret=mine'];
    const answers = {
      [DEPLOYMENT]: [
        200,
        {
          spec: { replicas: 2, template: { spec: { containers: [{ args }] } } },
          status: { availableReplicas: 2 },
        },
      ],
      [SECRET]: [404, {}],
    } as Answers;
    assert.deepEqual((await unwell(t, answers))[0], ['fail certificates: there is no Secret mine']);
    const mine = SECRET.replace(/rollcall-tls$/, 'mine');
    assert.deepEqual((await unwell(t, { ...answers, [mine]: fine[SECRET]! }))[0], []);
  });

  test('what runs, and what it may', async (t) => {
    const one = async (answers: Answers) => (await unwell(t, answers))[0];
    assert.deepEqual(
      await one({ [DEPLOYMENT]: [200, { spec: { replicas: 2 }, status: { availableReplicas: 1 } }] }),
      ['warn deployment: 1 of 2 replicas are available'],
    );
    const deployed = (replicas: number, ...pods: object[]): Answers => ({
      [DEPLOYMENT]: [200, { spec: { replicas }, status: {} }],
      'GET /api/v1/namespaces/rollcall-system/pods': [200, { items: pods }],
    });
    const waiting = (reason: string) => ({
      status: { containerStatuses: [{ state: { waiting: { reason } } }] },
    });
    const unscheduled = {
      status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] },
    };
    assert.deepEqual(await one(deployed(0)), ['fail deployment: the Deployment is scaled to zero']);
    const rolling = {
      spec: { replicas: 2 },
      status: { replicas: 3, availableReplicas: 2, updatedReplicas: 1 },
    };
    const stuck = {
      ...deployed(2, waiting('CrashLoopBackOff'), {}),
      [DEPLOYMENT]: [200, rolling],
    } as Answers;
    assert.deepEqual(await one(stuck), [
      'warn deployment: 2 of 2 replicas are available, 2 of them from before the last change: CrashLoopBackOff',
    ]);
    assert.deepEqual(await one(deployed(2)), [
      'fail deployment: 0 of 2 replicas are available, and there is no pod',
    ]);
    assert.deepEqual(await one(deployed(3, waiting('CrashLoopBackOff'), unscheduled, waiting('\u001b[2J'))), [
      'fail deployment: 0 of 3 replicas are available: CrashLoopBackOff, Unschedulable',
    ]);
    assert.deepEqual(
      await one({ [SLICES]: [200, { items: [{ endpoints: [{ conditions: { ready: false } }] }] }] }),
      ['fail endpoints: there is no Service rollcall in rollcall-system'],
    );
    const service = 'GET /api/v1/namespaces/rollcall-system/services/rollcall';
    assert.deepEqual(await one({ [SLICES]: [200, { items: [] }], [service]: [200, {}] }), [
      'fail endpoints: no endpoint of the Service is ready',
    ]);
    assert.deepEqual(await one({ [POD_ROLE]: [200, { rules: RULES['rollcall-watcher'] }] }), [
      'fail cluster-role: rollcall-pod-watcher may not list and watch pods',
    ]);
    assert.deepEqual(await one({ [POLICY]: [404, {}] }), [
      'warn policies: mistakes on workloads and namespaces are not warned of',
    ]);
    assert.deepEqual(await one({ [POLICY]: [403, { message: 'no' }] }), [
      "warn policies: the ValidatingAdmissionPolicy can't be read (403: no)",
    ]);
    for (const path of Object.keys(rights)) {
      const [found] = await one({ [path]: [404, {}] });
      assert.match(found!, /^fail webhook-rights: the webhook lacks rights: no \w+ rollcall-webhook/, path);
    }
    const args = ['webhook', '--image=x', '--certificates=files'];
    const spec = { replicas: 2, template: { spec: { containers: [{ args }] } } };
    const files = Object.fromEntries(
      Object.keys(rights)
        .slice(2)
        .map((path) => [path, [404, {}] as [number, unknown]]),
    );
    const told = await one({ ...files, [DEPLOYMENT]: [200, { spec, status: { availableReplicas: 2 } }] });
    assert.ok(!told.some((line) => line.includes('webhook-rights')), 'files need no rights');
  });

  test('what could not be looked at is not said to be well', async (t) => {
    const sumOf = async (answers: Answers, ...flags: string[]) => {
      const config = kubeconfig('fake', (await answeringApi(t, { ...fine, ...answers })).url);
      const directory = await folder(t, { config });
      const { out, code } = await run('check', ['--kubeconfig', join(directory, 'config'), ...flags]);
      assert.equal(code, 0);
      return out.trimEnd().split('\n').at(-1);
    };
    const partial =
      'No failure was found in what could be looked at; what is marked "warn" could not be, or may be worth a look.';
    const unreadable: Answers = { [POLICY]: [403, { message: 'no' }] };
    assert.equal(await sumOf(unreadable), partial);
    const one = { spec: { replicas: 1 }, status: { replicas: 1, updatedReplicas: 1, availableReplicas: 1 } };
    assert.equal(
      await sumOf({ ...unreadable, [DEPLOYMENT]: [200, one] }),
      partial,
      'one replica is not nothing',
    );
    const seen = 'It works; what is marked "warn" may be worth a look.';
    assert.equal(await sumOf({ [DEPLOYMENT]: [200, one] }), seen);
    const webhooks = configuration(ca, ca).webhooks.map((entry) => ({
      ...entry,
      namespaceSelector: { matchLabels: { for: 'nobody' } },
    }));
    const untried: Answers = { [CONFIGURATION]: [200, { ...configuration(ca, ca), webhooks }] };
    assert.equal(await sumOf(untried, '-n', 'default'), partial, 'no pod was tried');
  });

  test('a pod that is not injected, is refused, or may not be tried', async (t) => {
    const tried = async (status: number, body: unknown) => unwell(t, { [CREATE]: [status, body] });
    assert.deepEqual(await tried(201, { spec: { containers: [] } }), [
      ['fail dry-run: a pod that asks in default does not get the sidecar'],
      1,
    ]);
    assert.deepEqual(await tried(500, { message: 'no' }), [
      ["fail dry-run: a pod that asks in default can't be created: 500: no"],
      1,
    ]);
    const forbidden = { message: 'User "x" cannot create resource "pods" in API group ""' };
    assert.deepEqual(await tried(403, forbidden), [
      ['warn dry-run: you may not create pods in default, so none was tried'],
      0,
    ]);
  });

  test('a pod is tried where the webhook is asked about pods', async (t) => {
    const only = (...values: string[]) => ({
      ...configuration(ca, ca),
      webhooks: configuration(ca, ca).webhooks.map((entry) => ({
        ...entry,
        namespaceSelector: {
          matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values }],
        },
      })),
    });
    const world = (...values: string[]): Answers => ({
      [CONFIGURATION]: [200, only(...values)],
      [NAMESPACES]: [200, { items: ['default', 'trial', 'other'].map((name) => ({ metadata: { name } })) }],
      [CREATE]: [201, { spec: { containers: [] } }],
      [CREATE.replace('default', 'trial')]: fine[CREATE]!,
    });
    assert.deepEqual(await unwell(t, world('trial')), [[], 0]);
    const [none, code] = await unwell(t, world('later'));
    assert.match(
      none[0]!,
      /^warn dry-run: the webhook configuration leaves out every namespace \(its namespa/,
    );
    assert.deepEqual([none.length, code], [1, 0]);
    assert.deepEqual(await codesOf(t, world('trial'), '-n', 'other'), ['namespace-left-out']);
    const [unseen] = await unwell(t, { ...world('trial'), [NAMESPACES]: [403, { message: 'no' }] });
    const tried = unseen.find((line) => line.startsWith('warn dry-run'));
    assert.match(tried!, /: the webhook configuration leaves the namespace default out \(/);
    assert.deepEqual(await codesOf(t, world('other'), '-n', 'trial'), ['namespace-left-out']);
  });

  describe('what stands between the API server and the webhook is told apart', () => {
    const post = 'Post "https://rollcall.rollcall-system.svc:443/mutate?timeout=5s": ';
    const said = (why: string, webhook = 'pods.rollcall.dev') =>
      `Internal error occurred: failed calling webhook "${webhook}": failed to call webhook: ${why}`;
    const cases: readonly [sentence: string, code: string][] = [
      [said(`${post}context deadline exceeded`), 'call-timeout'],
      [said(`${post}dial tcp 10.0.0.9:8443: i/o timeout`), 'call-timeout'],
      [said(`${post}net/http: TLS handshake timeout`), 'call-timeout'],
      [said(`${post}dial tcp 10.0.0.9:8443: connect: no route to host`), 'call-timeout'],
      [said(`${post}No agent available`), 'call-timeout'],
      [said(`${post}no endpoints available for service "rollcall"`), 'call-no-endpoints'],
      [said(`${post}service "rollcall" not found`), 'call-no-endpoints'],
      [said(`${post}dial tcp 10.0.0.9:8443: connect: connection refused`), 'call-no-connection'],
      [said(`${post}EOF`), 'call-no-connection'],
      [
        said(`${post}tls: failed to verify certificate: x509: certificate signed by unknown authority`),
        'call-certificate',
      ],
      [said('unable to load root certificates: unable to parse bytes as PEM block'), 'call-certificate'],
      [said('an error on the server ("internal fault") has prevented the request'), 'call-fault'],
      [said(`${post}context deadline exceeded`, 'pods.other.dev'), 'pod-refused'],
      ['admission webhook "pods.other.dev" denied the request: no', 'pod-refused'],
    ];
    for (const [message, code] of cases) {
      test(`${code}: ${message.slice(-60)}`, async (t) => {
        assert.deepEqual(await codesOf(t, { [CREATE]: [500, { message }] }), [code]);
      });
    }
  });

  describe('pods that ask', () => {
    const image = 'app';
    const app = { name: 'app', image };
    const sidecar = { name: 'rollcall', image, args: ['sidecar'], restartPolicy: 'Always' };
    const pod = (name: string, annotations: object, more: object = {}, namespace = 'labelled') => ({
      metadata: { name, namespace, annotations },
      spec: { subdomain: 'db', containers: [app], ...more },
      status: { phase: 'Running' },
    });
    const asks = { 'rollcall.dev/inject': 'true' };
    const labelled = { metadata: { name: 'labelled', labels: { 'rollcall.dev/injection': 'enabled' } } };
    const plain = { metadata: { name: 'plain' } };
    const provided = { metadata: { name: 'rollcall-watcher', namespace: 'labelled' } };
    const world = (...pods: object[]): Answers => ({
      [NAMESPACES]: [200, { items: [labelled, plain] }],
      [ACCOUNTS]: [200, { items: [provided] }],
      [BINDINGS]: [200, { items: [provided] }],
      [PODS]: [200, { items: pods }],
      'GET /apis/discovery.k8s.io/v1/namespaces/labelled/endpointslices': [200, { items: [] }],
    });

    test('are missed when they run without the sidecar', async (t) => {
      const ended = { ...pod('ended', asks), status: { phase: 'Succeeded' } };
      const going = pod('going', asks);
      Object.assign(going.metadata, { deletionTimestamp: '2026-01-01T00:00:00Z' });
      const quiet = [
        pod('out', { 'rollcall.dev/inject': 'false' }),
        pod('elsewhere', {}, {}, 'plain'),
        pod('system', asks, {}, 'kube-system'),
        pod('nowhere', {}, { subdomain: '' }),
        ended,
        going,
      ];
      assert.deepEqual(await unwell(t, world(...quiet)), [[], 0], 'each has its reason');
      const [byLabel, fine] = await unwell(t, world(...quiet, pod('old', {})));
      assert.deepEqual(
        [byLabel, fine],
        [['warn missed-pods: 1 pods ask for the sidecar and run without it: labelled/old'], 0],
      );
      const missed = Array.from({ length: 6 }, (_, index) => pod(`p${index}`, asks, {}, 'plain'));
      const [itself, code] = await unwell(t, world(pod('old', {}), ...missed));
      const names = ['p0', 'p1', 'p2', 'p3', 'p4'].map((name) => `plain/${name}`).join(', ');
      assert.deepEqual(
        [itself, code],
        [[`fail missed-pods: 7 pods ask for the sidecar and run without it: ${names} and 2 more`], 1],
      );
    });

    test('or are left out by the webhook configuration, which somebody has chosen', async (t) => {
      const term = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['plain'] };
      const webhooks = configuration(ca, ca).webhooks.map((entry) => ({
        ...entry,
        namespaceSelector: { matchExpressions: [term] },
      }));
      const left = pod('left', asks, {}, 'plain');
      const but = (...pods: object[]): Answers => ({
        ...world(...pods),
        [CONFIGURATION]: [200, { ...configuration(ca, ca), webhooks }],
      });
      assert.deepEqual(await unwell(t, but(left)), [
        [
          'warn missed-pods: 1 pods ask for the sidecar where the webhook configuration leaves them out: plain/left',
        ],
        0,
      ]);
      assert.deepEqual(await codesOf(t, but(left, pod('old', asks))), ['pods-missed']);
    });

    test('by a default of the installation too', async (t) => {
      const container = {
        args: ['webhook', '--default', 'rollcall.dev/service=all'],
        env: [{ name: 'ROLLCALL_IMAGE', value: 'x' }],
      };
      const own = {
        spec: { replicas: 2, template: { spec: { containers: [container] } } },
        status: { availableReplicas: 2 },
      };
      const odd = pod('odd', {}, { subdomain: '' });
      assert.deepEqual(await codesOf(t, { ...world(odd), [DEPLOYMENT]: [200, own] }), ['pods-missed']);
    });

    test('and have it, but it can not follow its group', async (t) => {
      const injected = (name: string, port?: string) => {
        const env = port === undefined ? [] : [{ name: 'ROLLCALL_PORT', value: port }];
        return pod(
          name,
          { ...asks, 'rollcall.dev/status': JSON.stringify({ version: '0.2.0' }) },
          { initContainers: [{ ...sidecar, env }] },
        );
      };
      const proxy = (name: string, port: number) =>
        `GET /api/v1/namespaces/labelled/pods/http:${name}:${port}/proxy/readyz`;
      const pods = world(injected('db-0'), injected('db-1', '9100'), injected('db-2', 'off'));
      const fresh = { ok: true, synced: true, stale: false };
      const all: Answers = {
        ...pods,
        [proxy('db-0', 17655)]: [200, fresh],
        [proxy('db-1', 9100)]: [200, fresh],
      };
      assert.deepEqual(await unwell(t, all), [[], 0]);
      const stale: Answers = { ...all, [proxy('db-1', 9100)]: [200, { ...fresh, stale: true }] };
      assert.deepEqual(await unwell(t, stale), [
        ["fail stale-sidecars: of all 2 sidecars, 1 can't follow their group: labelled/db-1"],
        1,
      ]);
      const unsynced: Answers = { ...all, [proxy('db-0', 17655)]: [503, { ok: false, synced: false }] };
      assert.deepEqual(await codesOf(t, unsynced), ['sidecars-stale']);
      const silent: Answers = { ...all, [proxy('db-0', 17655)]: [503, { kind: 'Status', message: 'dial' }] };
      assert.deepEqual(await codesOf(t, silent), ['sidecars-silent']);
      const forbidden: Answers = { ...all, [proxy('db-0', 17655)]: [403, { kind: 'Status' }] };
      assert.deepEqual(await codesOf(t, forbidden), ['unreadable']);
    });

    test('and have it in a version that is too far from this one', async (t) => {
      const of = (version: string) =>
        pod(
          version,
          { ...asks, 'rollcall.dev/status': JSON.stringify({ version }) },
          {
            initContainers: [{ ...sidecar, env: [{ name: 'ROLLCALL_PORT', value: 'off' }] }],
          },
        );
      const [, minor] = packageJson.version.split('.').map(Number);
      assert.deepEqual(await codesOf(t, world(of(`0.${minor! - 1}.7`), of(`0.${minor! + 1}.0`))), []);
      assert.deepEqual(await codesOf(t, world(of(`0.${minor! + 2}.0`))), ['sidecars-old']);
      const [bad] = await unwell(t, world(of('1.0.0\u001b[2J')));
      assert.match(bad[0]!, /^warn sidecar-versions: sidecars: 1 of unknown; /, 'no terminal acts on it');
    });

    test('in a labelled namespace that lacks what they need', async (t) => {
      const without = { ...world(), [ACCOUNTS]: [200, { items: [] }] } as Answers;
      assert.deepEqual(await unwell(t, without), [
        ['fail access: no account or no binding rollcall-watcher in labelled'],
        1,
      ]);
    });

    test('are not known where pods can not be read', async (t) => {
      const hidden = { ...world(), [PODS]: [403, { message: 'no' }] } as Answers;
      assert.deepEqual(await codesOf(t, hidden), ['unreadable', 'unreadable', 'unreadable']);
    });
  });

  describe('before an installation', () => {
    const REVIEW = 'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    const POLICIES = `GET ${ADMISSION}/validatingadmissionpolicies`;
    const native = { initContainers: [{ name: 'sidecar', restartPolicy: 'Always' }], containers: [] };
    const before: Answers = {
      [REVIEW]: [201, { status: { allowed: true } }],
      [POLICIES]: [200, { items: [] }],
      [CREATE]: [201, { spec: native }],
      'GET /apis': [200, { groups: [{ name: 'apps' }] }],
    };
    const codesBefore = (t: TestContext, answers: Answers) => codesOf(t, { ...before, ...answers }, '--pre');

    test('a cluster that has all of it', async (t) => {
      assert.deepEqual(await codesBefore(t, {}), []);
    });

    test('a user who may not install', async (t) => {
      assert.deepEqual(await codesBefore(t, { [REVIEW]: [201, { status: { allowed: false } }] }), [
        'may-not-install',
      ]);
    });

    test('a gate that is off, and no policies', async (t) => {
      const dropped = { initContainers: [{ name: 'sidecar' }], containers: [] };
      assert.deepEqual(await codesBefore(t, { [CREATE]: [201, { spec: dropped }] }), ['no-native-sidecars']);
      assert.deepEqual(await codesBefore(t, { [CREATE]: [403, { message: 'no' }] }), ['not-tried']);
      assert.deepEqual(await codesBefore(t, { [POLICIES]: [404, {}] }), ['no-policies']);
    });

    test('a platform that asks for something', async (t) => {
      const openshift: Answers = { 'GET /apis': [200, { groups: [{ name: 'security.openshift.io' }] }] };
      assert.deepEqual(await codesBefore(t, openshift), ['platform']);
    });
  });

  test('a clock that is another', async (t) => {
    const api = await answeringApi(t, { ...fine });
    const directory = await folder(t, { config: kubeconfig('fake', api.url) });
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 120_000 });
    const { out } = await run('check', ['--kubeconfig', join(directory, 'config')]);
    t.mock.timers.reset();
    assert.match(
      out,
      /^warn {2}clock: the clock of the API server is 1[12]\d s behind the one here\n {6}see which/m,
    );
    assert.match(out, /^ {6}docs\/operations\.md#clocks$/m);
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
