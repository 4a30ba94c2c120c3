/** A cluster in which Rollcall is well, as the API server answers about it, and what `check` finds in it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type CheckCode, codes } from '../../../src/cli/check/codes.ts';
import { ENTRIES } from '../../../src/cli/explain/entries.ts';
import { RULES } from '../../../src/cli/inject/access-objects.ts';
import { issue } from '../../../src/webhook/certificates/issue.ts';
import { type Answers, answeringApi, kubeconfig } from '../answering-api.ts';
import { folder, run } from '../run.ts';

export const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
export const CONFIGURATION = `GET ${ADMISSION}/mutatingwebhookconfigurations/rollcall`;
export const SECRET = 'GET /api/v1/namespaces/rollcall-system/secrets/rollcall-tls';
export const DEPLOYMENT = 'GET /apis/apps/v1/namespaces/rollcall-system/deployments/rollcall';
export const SLICES = 'GET /apis/discovery.k8s.io/v1/namespaces/rollcall-system/endpointslices';
export const ROLE = 'GET /apis/rbac.authorization.k8s.io/v1/clusterroles/rollcall-watcher';
const GRANT_ROLE = 'GET /apis/rbac.authorization.k8s.io/v1/clusterroles/rollcall-grant';
const SCALE_ROLE = 'GET /apis/rbac.authorization.k8s.io/v1/clusterroles/rollcall-scale-reader';
export const POD_ROLE = 'GET /apis/rbac.authorization.k8s.io/v1/clusterroles/rollcall-pod-watcher';
export const BINDINGS = 'GET /apis/rbac.authorization.k8s.io/v1/rolebindings';
export const POLICY = `GET ${ADMISSION}/validatingadmissionpolicies/rollcall-misplaced`;
export const NAMESPACES = 'GET /api/v1/namespaces';
export const NAMESPACE = `${NAMESPACES}/rollcall-system`;
export const ACCOUNTS = 'GET /api/v1/serviceaccounts';
export const DEPLOYMENTS = 'GET /apis/apps/v1/deployments';
export const budgetsIn = (namespace: string) =>
  `GET /apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`;
export const BUDGETS = budgetsIn('rollcall-system');
export const PODS = 'GET /api/v1/pods';
export const CREATE = 'POST /api/v1/namespaces/default/pods';

/** The reference by which the configuration goes with the namespace of the webhook. */
export const OWNER = {
  apiVersion: 'v1',
  kind: 'Namespace',
  name: 'rollcall-system',
  uid: 'of-the-namespace',
};
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
/** Returns the roles of a webhook in a namespace, and their bindings to its account. */
export const rightsIn = (namespace: string): Answers =>
  Object.fromEntries(
    [
      'clusterroles/rollcall-webhook',
      'clusterrolebindings/rollcall-webhook',
      'clusterroles/rollcall-webhook-certificates',
      'clusterrolebindings/rollcall-webhook-certificates',
      `namespaces/${namespace}/roles/rollcall-webhook`,
      `namespaces/${namespace}/rolebindings/rollcall-webhook`,
    ].map((path) => {
      const subjects = [{ kind: 'ServiceAccount', namespace, name: 'rollcall' }];
      const answer: [number, unknown] = [200, path.includes('bindings/') ? { subjects } : {}];
      return [`GET ${RBAC}/${path}`, answer];
    }),
  );
export const rights = rightsIn(OWNER.name);

export const base64 = (text: string) => Buffer.from(text).toString('base64');
export const version = (minor: string) =>
  [200, { major: '1', minor, gitVersion: `v1.${minor}.0` }] as [number, unknown];

const { cert } = await issue(['rollcall.rollcall-system.svc'], new Date());
/** The CA that the entries of the configuration trust. */
export const ca = cert;

/** A configuration with these CA bundles, an entry each; an empty one is none. */
export const configuration = (...bundles: string[]) => ({
  metadata: { ownerReferences: [OWNER] },
  webhooks: ENTRIES.slice(0, bundles.length).map((entry, index) => ({
    ...entry,
    clientConfig: bundles[index] === '' ? {} : { caBundle: base64(bundles[index]!) },
  })),
});

/** A Deployment of the webhook with two replicas and these flags. */
export const deployment = (...flags: string[]) => ({
  spec: {
    replicas: 2,
    template: { spec: { containers: [{ args: ['webhook', '--image=rollcall', ...flags] }] } },
  },
  status: { availableReplicas: 2 },
});

/** What the API server answers when all is well. */
export const fine: Answers = {
  'GET /version': version('36'),
  [CONFIGURATION]: [200, configuration(ca, ca)],
  [SECRET]: [200, { data: { 'ca.crt': base64(ca), 'tls.crt': base64(cert) } }],
  [DEPLOYMENT]: [200, deployment()],
  [SLICES]: [200, { items: [{ endpoints: [{ conditions: { ready: true } }] }, { endpoints: null }] }],
  [ROLE]: [200, { rules: RULES['rollcall-watcher'] }],
  [POD_ROLE]: [200, { rules: RULES['rollcall-pod-watcher'] }],
  [SCALE_ROLE]: [200, { rules: RULES['rollcall-scale-reader'] }],
  [GRANT_ROLE]: [200, { rules: RULES['rollcall-watcher'] }],
  [BINDINGS]: [200, { items: [] }],
  [NAMESPACES]: [200, { items: [] }],
  [NAMESPACE]: [200, { metadata: { name: OWNER.name, uid: OWNER.uid } }],
  [PODS]: [200, { items: [] }],
  [DEPLOYMENTS]: [200, { items: [{ metadata: { namespace: OWNER.name, name: 'rollcall' } }] }],
  [BUDGETS]: [200, { items: [] }],
  [POLICY]: [200, {}],
  ...rights,
  [CREATE]: [201, { spec: { initContainers: [{ name: 'rollcall', args: ['sidecar'] }], containers: [] } }],
};

/** Returns the findings that are not ok, with their messages, when the API server gives these answers. */
export async function unwell(t: TestContext, answers: Answers): Promise<[string[], number]> {
  const directory = await folder(t, {
    config: kubeconfig('fake', (await answeringApi(t, { ...fine, ...answers })).url),
  });
  const { out, code } = await run('check', ['-o', 'json', '--kubeconfig', join(directory, 'config')]);
  const { checks, result } = JSON.parse(out);
  const bad = (checks as Record<string, string>[]).filter(({ status }) => status !== 'ok');
  assert.equal(result, bad.some(({ status }) => status === 'fail') ? 'fail' : bad.length > 0 ? 'warn' : 'ok');
  for (const { code: found, hint, page } of bad) {
    assert.ok(hint, 'says what to do');
    assert.equal(page, codes[found as CheckCode].page);
  }
  return [bad.map(({ status, name, message }) => `${status} ${name}: ${message}`), code];
}

/** The codes of what is not ok. */
export async function codesOf(t: TestContext, answers: Answers, ...argv: string[]): Promise<string[]> {
  const directory = await folder(t, {
    config: kubeconfig('fake', (await answeringApi(t, { ...fine, ...answers })).url),
  });
  const config = join(directory, 'config');
  const { out } = await run('check', ['-o', 'json', '--kubeconfig', config, ...argv]);
  return JSON.parse(out).checks.flatMap(({ code }: { code?: string }) => code ?? []);
}
