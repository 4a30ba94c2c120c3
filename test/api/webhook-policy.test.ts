/** A stolen token of the webhook allows what the webhook does and nothing else, on a real API server. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { apiRequest, type Reply } from '../support/api-request.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import { install, SYSTEM_NAMESPACE } from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const GROUP = 'rbac.authorization.k8s.io';
const SLICES = 'rollcall-watcher';
const PODS = 'rollcall-pod-watcher';
const GUEST = 'rollcall-guest';
const GRANT = 'rollcall-grant';
const LABELS = { 'app.kubernetes.io/managed-by': 'rollcall' };
const EXCLUDED = ['kube-system', 'kube-public', SYSTEM_NAMESPACE];

type Json = Record<string, unknown>;

const bindingsOf = (namespace: string) => `${RBAC}/namespaces/${namespace}/rolebindings`;
const accountsOf = (namespace: string) => `/api/v1/namespaces/${namespace}/serviceaccounts`;
const secretsOf = (namespace: string) => `/api/v1/namespaces/${namespace}/secrets`;
const eventsOf = (namespace: string) => `/api/v1/namespaces/${namespace}/events`;

const subject = (name: string, namespace = 'demo') => ({ kind: 'ServiceAccount', namespace, name });

function binding(name: string, fields: Json = {}): Json {
  const roleRef = { apiGroup: GROUP, kind: 'ClusterRole', name };
  return { metadata: { name, labels: LABELS }, roleRef, subjects: [subject('app')], ...fields };
}

function account(name: string, fields: Json = {}): Json {
  return { metadata: { name, labels: LABELS }, automountServiceAccountToken: false, ...fields };
}

function secret(name: string, fields: Json = {}): Json {
  const data = { 'tls.crt': '', 'tls.key': '' };
  return { metadata: { name, labels: LABELS }, type: 'kubernetes.io/tls', data, ...fields };
}

function event(name: string, fields: Json = {}, namespace = 'demo'): Json {
  return {
    metadata: { name, namespace },
    involvedObject: { kind: 'ReplicaSet', apiVersion: 'apps/v1', name: 'web', namespace },
    reason: 'NotInjected',
    type: 'Warning',
    message: 'why',
    action: 'Inject',
    source: { component: 'rollcall' },
    reportingComponent: 'rollcall.dev/webhook',
    reportingInstance: 'one',
    ...fields,
  };
}

suite('the policy on the webhook itself', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;
  let token: string;

  before(async () => {
    plane = await startControlPlane();
    for (const namespace of [SYSTEM_NAMESPACE, 'demo']) await plane.ensureNamespace(namespace);
    await install(plane);
    token = await plane.mintToken(SYSTEM_NAMESPACE, 'rollcall');
    // Policies are taken up some time after they were written.
    await eventually('policies', async () => {
      const bodies: [string, Json][] = [
        [bindingsOf('kube-public'), binding(SLICES)],
        [accountsOf('demo'), account('other')],
        [secretsOf(SYSTEM_NAMESPACE), secret('other')],
        [eventsOf('demo'), event('probe', { reason: 'Other' })],
      ];
      const replies = await Promise.all(
        bodies.map(([path, body]) => asWebhook('POST', `${path}?dryRun=All`, body)),
      );
      return replies.every(({ status }) => status >= 400);
    });
  });

  after(() => plane?.stop());

  const asWebhook = (method: string, path: string, body?: Json): Promise<Reply> =>
    apiRequest({ url: plane.url, ca: plane.ca, token }, method, path, body);

  async function refused(method: string, path: string, body: Json | undefined, why: RegExp): Promise<void> {
    const reply = await asWebhook(method, path, body);
    const what = `${method} ${path} ${JSON.stringify(body)}`;
    assert.equal(reply.status, 422, `${what}: ${reply.status} ${JSON.stringify(reply.body.message)}`);
    assert.match(reply.body.message, why, what);
  }

  async function allowed(method: string, path: string, body?: Json): Promise<Json> {
    const reply = await asWebhook(method, path, body);
    assert.ok(reply.status < 300, `${method} ${path}: ${reply.status} ${JSON.stringify(reply.body.message)}`);
    return reply.body;
  }

  test('bindings of its two names to their roles may be made, extended and, where they are wrong, deleted', async () => {
    for (const name of [SLICES, PODS]) {
      const path = `${bindingsOf('demo')}/${name}`;
      const made = await allowed('POST', bindingsOf('demo'), binding(name));
      await allowed('PUT', path, { ...made, subjects: [subject('app'), subject(name)] });
      await refused('DELETE', path, undefined, /to another role only/);
      await plane.must('DELETE', path);
      const roleRef = { apiGroup: GROUP, kind: 'ClusterRole', name: 'view' };
      await plane.must('POST', bindingsOf('demo'), binding(name, { roleRef }));
      await allowed('DELETE', path);
    }
  });

  test('no other binding is made', async () => {
    const roleRef = { apiGroup: GROUP, kind: 'ClusterRole', name: SLICES };
    const made: [Json, RegExp][] = [
      [binding('other', { roleRef }), /bindings named/],
      [binding(SLICES, { roleRef: { ...roleRef, name: PODS } }), /ClusterRole of the same name/],
      [binding(SLICES, { subjects: [subject('app', 'other')] }), /ServiceAccounts of the same namespace/],
      [
        binding(SLICES, { subjects: [{ kind: 'User', apiGroup: GROUP, name: 'me' }] }),
        /ServiceAccounts of the same/,
      ],
      [
        binding(SLICES, { subjects: [{ kind: 'Group', apiGroup: GROUP, name: 'system:authenticated' }] }),
        /ServiceAccounts of the same/,
      ],
      [
        binding(SLICES, { subjects: [subject('app'), subject('app', 'other')] }),
        /ServiceAccounts of the same/,
      ],
      [binding(SLICES, { metadata: { name: SLICES } }), /has the label/],
      [
        binding(SLICES, { metadata: { name: SLICES, labels: LABELS, finalizers: ['a.b/c'] } }),
        /no finalizer/,
      ],
      [
        binding(SLICES, { metadata: { generateName: 'rollcall-', labels: LABELS }, roleRef }),
        /bindings named/,
      ],
    ];
    for (const [body, why] of made) await refused('POST', bindingsOf('demo'), body, why);
    // Nor one to a Role of the namespace that has the name: it may bind none.
    const rules = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }];
    await plane.must('POST', `${RBAC}/namespaces/demo/roles`, { metadata: { name: SLICES }, rules });
    const role = { apiGroup: GROUP, kind: 'Role', name: SLICES };
    const reply = await asWebhook('POST', bindingsOf('demo'), binding(SLICES, { roleRef: role }));
    assert.ok([403, 422].includes(reply.status), `${reply.status} ${reply.body.message}`);
  });

  test('to a binding that is there nobody is added but accounts of the namespace; who was there may stay', async () => {
    const path = `${bindingsOf('demo')}/${SLICES}`;
    const user = { kind: 'User', apiGroup: GROUP, name: 'somebody' };
    const made = await plane.must('POST', bindingsOf('demo'), binding(SLICES, { subjects: [user] }));
    const extended = await allowed('PUT', path, { ...made, subjects: [user, subject('app')] });
    for (const more of [{ ...user, name: 'me' }, subject('app', 'other')]) {
      const subjects = [user, more];
      await refused('PUT', path, { ...extended, subjects }, /ServiceAccounts of the same namespace/);
    }
    const metadata = { ...(extended.metadata as Json), labels: {} };
    await refused('PUT', path, { ...extended, metadata }, /changes no labels/);
    await plane.must('DELETE', path);
  });

  test('a binding with many subjects, others among them, can still be extended', async () => {
    const path = `${bindingsOf('demo')}/${SLICES}`;
    const many = Array.from({ length: 500 }, (_, index) => subject(`app-${index}`));
    const others = Array.from({ length: 50 }, (_, index) => subject(`app-${index}`, 'other'));
    const subjects = [...many, ...others];
    const made = await plane.must('POST', bindingsOf('demo'), binding(SLICES, { subjects }));
    await allowed('PUT', path, { ...made, subjects: [...subjects, subject('one-more')] });
    await plane.must('DELETE', path);
  });

  test('a grant may be bound to those accounts and namespaces only that the annotation names', async () => {
    const annotations = { 'rollcall.dev/grant': 'shop,\tteam-a\nkube-system' };
    const grantor = { metadata: { name: 'granting', annotations } };
    await plane.must('POST', '/api/v1/namespaces', grantor);
    const roleRef = { apiGroup: GROUP, kind: 'ClusterRole', name: GRANT };
    const metadata = { name: GRANT, labels: LABELS };
    const shop = [SLICES, PODS, 'rollcall-scale-reader', GUEST].map((name) => subject(name, 'shop'));
    const body = (fields: Json = {}) => ({ metadata, roleRef, subjects: shop, ...fields });
    const user = { kind: 'User', apiGroup: GROUP, name: 'system:serviceaccount:shop:rollcall-watcher' };
    const made: [Json, RegExp][] = [
      [body({ roleRef: { ...roleRef, name: PODS } }), /to the ClusterRole of the same name only/],
      [body({ roleRef: { ...roleRef, name: SLICES } }), /to the ClusterRole of the same name only/],
      [body({ subjects: [...shop, subject('default', 'shop')] }), /the webhook grants to the accounts/],
      [body({ subjects: [...shop, subject(SLICES, 'eve')] }), /that the annotation/],
      [body({ subjects: [subject(SLICES, 'sho')] }), /that the annotation/],
      [body({ subjects: [subject(SLICES, 'granting')] }), /that the annotation/],
      [body({ subjects: [subject(SLICES, 'kube-system')] }), /the webhook grants/],
      [body({ subjects: [user] }), /the webhook grants/],
      [
        body({ subjects: [{ kind: 'Group', apiGroup: GROUP, name: 'system:serviceaccounts:shop' }] }),
        /grants to/,
      ],
      [body({ metadata: { name: GRANT } }), /has the label/],
    ];
    for (const [one, why] of made) await refused('POST', bindingsOf('granting'), one, why);
    await refused('POST', bindingsOf('demo'), body(), /that the annotation/);
    await refused('POST', bindingsOf('kube-public'), body(), /nothing in this namespace/);
    const path = `${bindingsOf('granting')}/${GRANT}`;
    const bound = await allowed('POST', bindingsOf('granting'), body());
    await refused(
      'PUT',
      path,
      { ...bound, subjects: [...shop, subject(SLICES, 'eve')] },
      /that the annotation/,
    );
    const both = [...shop, subject(SLICES, 'team-a'), subject(PODS, 'team-a')];
    await allowed('PUT', path, { ...bound, subjects: both });
    await allowed('DELETE', path);
    await plane.must('POST', bindingsOf('granting'), body({ metadata: { name: GRANT } }));
    await refused('DELETE', path, undefined, /only where it has made it/);
  });

  test('a grant to as many namespaces as there can be is within what a policy may cost', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `n-${String(index).padStart(61, '0')}`);
    const annotations = { 'rollcall.dev/grant': names.join(', ') };
    await plane.must('POST', '/api/v1/namespaces', { metadata: { name: 'generous', annotations } });
    const roleRef = { apiGroup: GROUP, kind: 'ClusterRole', name: GRANT };
    const subjects = names.flatMap((name) =>
      [SLICES, PODS, 'rollcall-scale-reader', GUEST].map((account) => subject(account, name)),
    );
    await allowed('POST', bindingsOf('generous'), {
      metadata: { name: GRANT, labels: LABELS },
      roleRef,
      subjects,
    });
  });

  test('accounts of its names may be made, without secrets and with no token that is mounted by itself', async () => {
    for (const name of [SLICES, PODS, GUEST]) await allowed('POST', accountsOf('demo'), account(name));
    for (const name of [SLICES, PODS, GUEST]) await plane.must('DELETE', `${accountsOf('demo')}/${name}`);
    const made: [Json, RegExp][] = [
      [account('other'), /accounts named/],
      [account('default'), /accounts named/],
      [account(SLICES, { automountServiceAccountToken: true }), /mounted nowhere/],
      [account(SLICES, { automountServiceAccountToken: undefined }), /mounted nowhere/],
      [account(SLICES, { secrets: [{ name: 'rollcall-tls' }] }), /without secrets/],
      [account(SLICES, { imagePullSecrets: [{ name: 'one' }] }), /without secrets/],
      [account(SLICES, { metadata: { name: SLICES } }), /has the label/],
    ];
    for (const [body, why] of made) await refused('POST', accountsOf('demo'), body, why);
  });

  test('in its own namespace the Secret of its certificates may be written, and no other', async () => {
    const path = `${secretsOf(SYSTEM_NAMESPACE)}/rollcall-tls`;
    const made = await allowed('POST', secretsOf(SYSTEM_NAMESPACE), secret('rollcall-tls'));
    await allowed('PUT', path, { ...made, data: { 'tls.crt': 'YQ==', 'tls.key': 'YQ==' } });
    const annotations = { 'kubernetes.io/service-account.name': 'rollcall' };
    const metadata = { name: 'token', annotations };
    const minting = { metadata, type: 'kubernetes.io/service-account-token' };
    await refused('POST', secretsOf(SYSTEM_NAMESPACE), minting, /Secret rollcall-tls/);
    await refused('POST', secretsOf(SYSTEM_NAMESPACE), secret('other'), /Secret rollcall-tls/);
  });

  test('Events may say why a pod was not injected, and nothing else', async () => {
    await allowed('POST', eventsOf('demo'), event('one'));
    const made: Json[] = [
      event('two', { reason: 'Killing' }),
      event('two', { source: { component: 'kubelet' } }),
      event('two', { reportingComponent: 'kubelet' }),
    ];
    for (const body of made) await refused('POST', eventsOf('demo'), body, /reason NotInjected only/);
  });

  test('in namespaces of the cluster, and in its own, it makes nothing else', async () => {
    for (const namespace of EXCLUDED) {
      const subjects = [subject('app', namespace)];
      const bound = binding(PODS, { subjects });
      await refused('POST', bindingsOf(namespace), bound, /nothing in this namespace/);
      await refused('POST', accountsOf(namespace), account(SLICES), /nothing in this namespace/);
      await refused('POST', eventsOf(namespace), event('one', {}, namespace), /nothing in this namespace/);
    }
  });

  test('nobody else is judged by it', async () => {
    const roleRef = { apiGroup: GROUP, kind: 'ClusterRole', name: 'view' };
    await plane.must('POST', bindingsOf('demo'), binding('other', { roleRef }));
    await plane.must('POST', accountsOf('demo'), { metadata: { name: 'other' } });
    await plane.must('POST', secretsOf('demo'), { metadata: { name: 'other' } });
  });

  test('the policies are well typed', async () => {
    const path = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
    const { items } = await plane.must('GET', path);
    const ours = (items as { metadata: { name: string }; status?: { typeChecking?: Json } }[]).filter(
      ({ metadata }) => metadata.name.startsWith('rollcall-webhook-'),
    );
    assert.equal(ours.length, 4);
    for (const { metadata, status } of ours)
      assert.equal(status?.typeChecking?.expressionWarnings, undefined, metadata.name);
  });
});
