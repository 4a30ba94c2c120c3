/** The accounts of Rollcall may do what test/api/rights.json lists and nothing more, as the API server itself says. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, suite, test } from 'node:test';
import { apiRequest } from '../support/api-request.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import { install, SYSTEM_NAMESPACE } from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { inParallel } from './parallel.ts';

/** One verb on one resource (`NAME` or `NAME.GROUP`); without names, on all of them. */
interface Right {
  account: 'webhook' | 'rollcall-watcher' | 'rollcall-pod-watcher' | 'rollcall-scale-reader';
  resource: string;
  verb: string;
  names: string[];
  /** `cluster`: in all namespaces and outside of them. */
  scope: 'cluster' | 'rollcall-system' | 'its namespace';
  why: string;
}

interface Rule {
  verbs: string[];
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
}

interface Resource {
  group: string;
  name: string;
  namespaced: boolean;
  verbs: string[];
}

const table = JSON.parse(await readFile(new URL('rights.json', import.meta.url), 'utf8')) as Right[];
const ACCOUNTS = {
  webhook: { namespace: SYSTEM_NAMESPACE, name: 'rollcall' },
  'rollcall-watcher': { namespace: 'demo', name: 'rollcall-watcher' },
  'rollcall-pod-watcher': { namespace: 'demo', name: 'rollcall-pod-watcher' },
  'rollcall-scale-reader': { namespace: 'demo', name: 'rollcall-scale-reader' },
} as const;
/** No request of REST; the authorizers are asked about them all the same. */
const VERBS_BESIDE = ['bind', 'escalate', 'impersonate', 'approve', 'sign', 'attest', 'use', '*'];
/** A namespace of theirs, one that is none of anybody's, and none. */
const PLACES = [SYSTEM_NAMESPACE, 'demo', 'other', undefined];

const qualified = (resource: string, group: string) => (group === '' ? resource : `${resource}.${group}`);

suite('the rights of the accounts', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;
  let resources: Resource[];

  before(async () => {
    plane = await startControlPlane();
    for (const namespace of [SYSTEM_NAMESPACE, 'demo', 'other']) await plane.ensureNamespace(namespace);
    await install(plane);
    for (const name of ['rollcall-watcher', 'rollcall-pod-watcher', 'rollcall-scale-reader', 'nobody']) {
      await plane.must('POST', '/api/v1/namespaces/demo/serviceaccounts', { metadata: { name } });
      if (name === 'nobody') continue;
      await plane.must('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/demo/rolebindings', {
        metadata: { name },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
        subjects: [{ kind: 'ServiceAccount', namespace: 'demo', name }],
      });
    }
    await plane.must('POST', `/api/v1/namespaces/${SYSTEM_NAMESPACE}/serviceaccounts`, {
      metadata: { name: 'nobody' },
    });
    resources = await discovered();
    // The API server judges by a cache, which has the bindings in the order in which they were made.
    await eventually('the last binding', async () =>
      (await rulesOf('demo', ACCOUNTS['rollcall-scale-reader'])).some((rule) => rule.includes('/scale')),
    );
  });

  after(() => plane?.stop());

  /** Every resource that the API server has, with subresources. */
  async function discovered(): Promise<Resource[]> {
    const { groups } = await plane.must('GET', '/apis');
    const versions = (groups as { versions: { groupVersion: string }[] }[]).flatMap(
      (group) => group.versions,
    );
    const paths = ['/api/v1', ...versions.map(({ groupVersion }) => `/apis/${groupVersion}`)];
    const lists = await inParallel(paths, 4, (path) => plane.must('GET', path));
    const all = lists.flatMap(({ groupVersion, resources: named }) =>
      (named as { name: string; group?: string; namespaced: boolean; verbs: string[] }[]).map((one) => ({
        group: groupVersion.includes('/') ? groupVersion.split('/')[0] : '',
        name: one.name,
        namespaced: one.namespaced,
        verbs: one.verbs,
      })),
    );
    return [...new Map(all.map((one) => [qualified(one.name, one.group), one])).values()];
  }

  /** `VERB RESOURCE [NAME]` of all that the bearer may do in a namespace, by the rules that apply to it there. */
  async function rulesOf(namespace: string, account: { namespace: string; name: string }): Promise<string[]> {
    const token = await plane.mintToken(account.namespace, account.name);
    const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews';
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      spec: { namespace },
    };
    const { status, body } = await apiRequest({ url: plane.url, ca: plane.ca, token }, 'POST', path, review);
    assert.equal(status, 201, JSON.stringify(body));
    assert.equal(body.status.incomplete, false);
    return (body.status.resourceRules as Rule[]).flatMap(
      ({ verbs, apiGroups, resources: names, resourceNames = [] }) =>
        verbs.flatMap((verb) =>
          apiGroups.flatMap((group) =>
            names.flatMap((name) =>
              (resourceNames.length > 0 ? resourceNames : ['']).map((one) =>
                `${verb} ${qualified(name, group)} ${one}`.trim(),
              ),
            ),
          ),
        ),
    );
  }

  const applies = ({ scope }: Right, account: keyof typeof ACCOUNTS, namespace: string | undefined) =>
    scope === 'cluster' || namespace === (scope === 'its namespace' ? ACCOUNTS[account].namespace : scope);

  const written = (account: keyof typeof ACCOUNTS, namespace: string) =>
    table
      .filter((right) => right.account === account && applies(right, account, namespace))
      .flatMap(({ verb, resource, names }) =>
        (names.length > 0 ? names : ['']).map((name) => `${verb} ${resource} ${name}`.trim()),
      );

  for (const account of Object.keys(ACCOUNTS) as (keyof typeof ACCOUNTS)[]) {
    test(`the rules for ${account} are those in the table, beside those that every account has`, async () => {
      for (const namespace of [SYSTEM_NAMESPACE, 'demo', 'other']) {
        const everybody = await rulesOf(namespace, { ...ACCOUNTS[account], name: 'nobody' });
        const own = (await rulesOf(namespace, ACCOUNTS[account])).filter((rule) => !everybody.includes(rule));
        assert.deepEqual([...new Set(own)].sort(), written(account, namespace).sort(), namespace);
      }
    });

    test(`asked about every resource and verb that there is, ${account} may do what the table says`, async () => {
      const { namespace: home, name } = ACCOUNTS[account];
      const groups = ['system:serviceaccounts', `system:serviceaccounts:${home}`, 'system:authenticated'];
      const asked = resources.flatMap((resource) =>
        PLACES.filter((place) => place === undefined || resource.namespaced).flatMap((place) =>
          [...resource.verbs, ...VERBS_BESIDE].map((verb) => ({ resource, place, verb })),
        ),
      );
      const may = async (
        user: string,
        { resource, place, verb }: (typeof asked)[number],
      ): Promise<boolean> => {
        const [base, ...rest] = resource.name.split('/') as [string, ...string[]];
        const subresource = rest.join('/');
        const attributes = { verb, group: resource.group, resource: base, subresource, namespace: place };
        const spec = {
          user: `system:serviceaccount:${home}:${user}`,
          groups,
          resourceAttributes: attributes,
        };
        const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
        const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
        return (await plane.must('POST', path, review)).status.allowed;
      };
      const allowed = await inParallel(asked, 16, async (one) => {
        // Some is every account's: to ask about oneself, say, or to see bundles of trust from 1.37 on.
        if (!(await may(name, one)) || (await may('nobody', one))) return [];
        const { verb, resource, place } = one;
        return [`${verb} ${qualified(resource.name, resource.group)} in ${place ?? 'all'}`];
      });
      const expected = table
        .filter((right) => right.account === account && right.names.length === 0)
        .flatMap((right) => {
          const namespaced = resources.find(
            ({ name: one, group }) => qualified(one, group) === right.resource,
          )?.namespaced;
          return PLACES.filter((place) =>
            place === undefined ? right.scope === 'cluster' : namespaced && applies(right, account, place),
          ).map((place) => `${right.verb} ${right.resource} in ${place ?? 'all'}`);
        });
      assert.ok(asked.length > 1000, `${asked.length} questions`);
      assert.deepEqual(allowed.flat().sort(), expected.sort());
    });
  }

  test('every row says what it is for, and stands once', () => {
    const rows = table.map(({ account, resource, verb, names }) =>
      [account, resource, verb, names].join(' '),
    );
    assert.equal(new Set(rows).size, rows.length);
    for (const { why } of table) assert.ok(why.length > 10);
  });
});
