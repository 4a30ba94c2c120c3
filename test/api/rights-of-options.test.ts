/** The rights of the accounts of injected pods: each option gives the sidecar those that it needs, and no others. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { apiRequest } from '../support/api-request.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import { SYSTEM_NAMESPACE } from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { appPod, type Pod } from './app-pod.ts';
import { WebhookReplicas } from './webhook-replicas.ts';

const KEY = 'rollcall.dev/';
const INJECT = { [`${KEY}inject`]: 'true' };
const BACKENDS = { [`${KEY}group.backends`]: 'service tcp-servers' };
const FAR = { [`${KEY}group.far`]: 'service tcp-servers in team-b' };
/** A grant or a binding has its effect a moment after it was made. */
const OFTEN = { everyMs: 50 };

/** The paths that each account asks for, by a name: in its own namespace, and in `team-b`. */
const ASKED: Readonly<Record<string, (own: string) => string>> = {
  slices: (own) => `/apis/discovery.k8s.io/v1/namespaces/${own}/endpointslices`,
  pods: (own) => `/api/v1/namespaces/${own}/pods`,
  scale: (own) => `/apis/apps/v1/namespaces/${own}/statefulsets/app/scale`,
  workloads: (own) => `/apis/apps/v1/namespaces/${own}/statefulsets`,
  secrets: (own) => `/api/v1/namespaces/${own}/secrets`,
  'slices of team-b': () => '/apis/discovery.k8s.io/v1/namespaces/team-b/endpointslices',
  'pods of team-b': () => '/api/v1/namespaces/team-b/pods',
  'scale of team-b': () => '/apis/apps/v1/namespaces/team-b/statefulsets/app/scale',
};

interface Case {
  /** The namespace, which is named after the option. */
  name: string;
  annotations: Record<string, string>;
  podAccess?: boolean;
  labelled?: boolean;
  account: string;
  may: string[];
}

const CASES: Case[] = [
  { name: 'plain', annotations: { [`${KEY}service`]: 'app' }, account: 'rollcall-watcher', may: ['slices'] },
  {
    name: 'number',
    annotations: { [`${KEY}service`]: 'app', [`${KEY}expected`]: '3' },
    account: 'rollcall-watcher',
    may: ['slices'],
  },
  {
    name: 'expected',
    annotations: { [`${KEY}service`]: 'app', [`${KEY}expected`]: 'statefulset app' },
    account: 'rollcall-scale-reader',
    may: ['slices', 'scale'],
  },
  {
    name: 'labels',
    annotations: { [`${KEY}service`]: 'app', [`${KEY}member-labels`]: 'role' },
    podAccess: true,
    account: 'rollcall-pod-watcher',
    may: ['slices', 'pods'],
  },
  // That the namespace would give it is no reason to take it.
  {
    name: 'unasked',
    annotations: { [`${KEY}service`]: 'app' },
    podAccess: true,
    account: 'rollcall-watcher',
    may: ['slices'],
  },
  { name: 'group', annotations: BACKENDS, account: 'rollcall-watcher', may: ['slices'] },
  {
    name: 'group-of-pods',
    annotations: { [`${KEY}group.workers`]: 'pods app=worker' },
    podAccess: true,
    account: 'rollcall-pod-watcher',
    may: ['pods'],
  },
  {
    name: 'group-expected',
    annotations: { ...BACKENDS, [`${KEY}expected.backends`]: 'statefulset app' },
    account: 'rollcall-scale-reader',
    may: ['slices', 'scale'],
  },
  {
    name: 'group-labels',
    annotations: { ...BACKENDS, [`${KEY}member-labels.backends`]: 'role' },
    podAccess: true,
    account: 'rollcall-pod-watcher',
    may: ['slices', 'pods'],
  },
  {
    name: 'group-elsewhere',
    annotations: { [`${KEY}service`]: 'app', ...FAR, [`${KEY}expected.far`]: '3' },
    account: 'rollcall-watcher',
    may: ['slices', 'slices of team-b'],
  },
  // Nothing of its own namespace, also where that is labelled, so that other pods have their account.
  { name: 'only-elsewhere', annotations: FAR, account: 'rollcall-guest', may: ['slices of team-b'] },
  {
    name: 'only-elsewhere-labelled',
    annotations: FAR,
    labelled: true,
    account: 'rollcall-guest',
    may: ['slices of team-b'],
  },
];

suite('the rights that each option takes', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;
  let webhooks: WebhookReplicas;

  before(async () => {
    plane = await startControlPlane();
    for (const name of [SYSTEM_NAMESPACE, 'team-b', ...CASES.map(({ name }) => name)])
      await plane.ensureNamespace(name);
    await annotate('team-b', 'grant', 'group-elsewhere, only-elsewhere, only-elsewhere-labelled');
    for (const { name, podAccess, labelled } of CASES) {
      if (podAccess) await annotate(name, 'pod-access', 'true');
      if (labelled) await change(name, { labels: { [`${KEY}injection`]: 'enabled' } });
    }
    for (const name of ['team-b', ...CASES.map(({ name }) => name)]) {
      const template = appPod({ name: 'app' });
      await plane.must('POST', `/apis/apps/v1/namespaces/${name}/statefulsets`, {
        metadata: { name: 'app' },
        spec: {
          serviceName: 'app',
          selector: { matchLabels: { app: 'app' } },
          template: { metadata: { labels: { app: 'app' } }, spec: template.spec },
        },
      });
      await plane.request('POST', `/api/v1/namespaces/${name}/serviceaccounts`, {
        metadata: { name: 'default' },
      });
    }
    webhooks = new WebhookReplicas(plane);
    await webhooks.start(1);
  });

  after(async () => {
    await webhooks?.stop();
    await plane?.stop();
  });

  const change = (namespace: string, metadata: Record<string, Record<string, string>>) =>
    plane.must(
      'PATCH',
      `/api/v1/namespaces/${namespace}`,
      { metadata },
      { 'content-type': 'application/merge-patch+json' },
    );

  const annotate = (namespace: string, key: string, value: string) =>
    change(namespace, { annotations: { [KEY + key]: value } });

  /** Waits until the account may do these things of all that it asks for, and nothing else. */
  const mayOnly = async (namespace: string, account: string, may: readonly string[]) => {
    const to = { url: plane.url, ca: plane.ca, token: await plane.mintToken(namespace, account) };
    await eventually(
      'these rights',
      async () => {
        const answers = await Promise.all(
          Object.entries(ASKED).map(async ([one, path]) => {
            const answer = await apiRequest(to, 'GET', path(namespace));
            return [one, answer.status] as const;
          }),
        );
        assert.deepEqual(
          Object.fromEntries(answers),
          Object.fromEntries(Object.keys(ASKED).map((one) => [one, may.includes(one) ? 200 : 403])),
        );
        return true;
      },
      OFTEN,
    );
  };

  const create = async (namespace: string, annotations: Record<string, string>) => {
    const pod = appPod({ generateName: 'app-' }, { ...INJECT, ...annotations });
    return plane.request('POST', `/api/v1/namespaces/${namespace}/pods`, pod);
  };

  for (const { name, annotations, account, may } of CASES) {
    test(`the account of a pod with the option ${name} may do what that takes, and nothing else`, async () => {
      const { status, body } = await create(name, annotations);
      assert.equal(status, 201, JSON.stringify(body));
      assert.equal((body as Pod).spec.serviceAccountName, account);
      await mayOnly(name, account, may);
    });
  }

  test('what takes a right that the namespace does not give is refused, and gives nobody any', async () => {
    const refused: [annotations: Record<string, string>, message: RegExp][] = [
      [
        { [`${KEY}service`]: 'app', [`${KEY}member-labels`]: 'role' },
        /rollcall \(pod-access\).*member-labels takes/,
      ],
      [
        { ...BACKENDS, [`${KEY}member-labels.backends`]: 'role' },
        /rollcall \(pod-access\).*member-labels\.backends/,
      ],
      [
        { ...FAR, [`${KEY}expected.far`]: 'statefulset app' },
        /rollcall \(grant\).*expected\.far is for a group of another/,
      ],
      [
        { ...FAR, [`${KEY}member-labels.far`]: 'role' },
        /member-labels\.far is for a group of another namespace/,
      ],
    ];
    for (const [annotations, message] of refused) {
      const { status, body } = await create('group-elsewhere', annotations);
      assert.equal(status, 422, JSON.stringify(body));
      assert.match(body.message, message);
    }
    const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/group-elsewhere/rolebindings';
    const { items } = await plane.must('GET', rbac);
    assert.deepEqual(
      items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
      ['rollcall-watcher'],
    );
  });

  test('a pod of other groups only has no binding in its namespace, and no right left when the grant goes', async () => {
    const { items } = await plane.must(
      'GET',
      '/apis/rbac.authorization.k8s.io/v1/namespaces/only-elsewhere/rolebindings',
    );
    assert.deepEqual(items, []);
    await annotate('team-b', 'grant', 'group-elsewhere');
    await mayOnly('only-elsewhere', 'rollcall-guest', []);
  });
});
