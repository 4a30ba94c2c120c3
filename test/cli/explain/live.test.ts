import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ENTRIES } from '../../../src/cli/explain/entries.ts';
import type { Explanation } from '../../../src/cli/explain/explanation.ts';
import type { DoubleRequest } from '../../support/kubernetes-double.ts';
import { type Answers, answeringApi, kubeconfig } from '../answering-api.ts';
import { folder, run } from '../run.ts';

const CONFIGURATION = 'GET /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/rollcall';
const SLICES = 'GET /apis/discovery.k8s.io/v1/namespaces/rollcall-system/endpointslices';
const CREATE = 'POST /api/v1/namespaces/shop/pods';

const service = { namespace: 'rollcall-system', name: 'rollcall' };
const webhooks = (clientConfig: object) => ({
  webhooks: ENTRIES.map((entry) => ({ ...entry, clientConfig })),
});
const annotations = { 'rollcall.dev/inject': 'true', 'rollcall.dev/service': 'db' };
const containers = [{ name: 'app', image: 'app:1' }];

const fine: Answers = {
  'GET /api/v1/namespaces/shop': [200, { metadata: { name: 'shop' } }],
  'GET /api/v1/namespaces/shop/pods/db-0': [
    200,
    { metadata: { name: 'db-0', annotations }, spec: { containers } },
  ],
  [CONFIGURATION]: [200, webhooks({ service, caBundle: 'x' })],
  [SLICES]: [
    200,
    { items: [{ endpoints: [{ conditions: { ready: true } }, { conditions: { ready: false } }] }] },
  ],
  [CREATE]: [201, { spec: { containers, initContainers: [{ name: 'rollcall', args: ['sidecar'] }] } }],
};

/** Returns the explanation of pod/db-0 in the namespace of the context. */
async function explained(t: TestContext, answers: Answers): Promise<Explanation> {
  return (await explainedWith(t, answers)).explanation;
}

/** Returns the same explanation, with the requests to the API server. */
async function explainedWith(
  t: TestContext,
  answers: Answers,
  target = 'pod/db-0',
): Promise<{ explanation: Explanation; requests: DoubleRequest[] }> {
  const api = await answeringApi(t, { ...fine, ...answers });
  const directory = await folder(t, { config: kubeconfig('fake', api.url, 'shop') });
  const { out, err } = await run('explain', [
    target,
    '-o',
    'json',
    '--kubeconfig',
    join(directory, 'config'),
  ]);
  assert.equal(err, '');
  return { explanation: JSON.parse(out)[0], requests: api.requests };
}

function rule({ rules }: Explanation, name: string): string {
  const { answer, why } = rules.find((one) => one.rule === name)!;
  return `${answer}: ${why}`;
}

test('the webhook is reachable when endpoints behind its Service are ready', async (t) => {
  const there = await explained(t, {});
  assert.equal(
    rule(there, 'webhook-reachable'),
    'yes: ready endpoints of service rollcall in rollcall-system: 1',
  );
  assert.equal(rule(there, 'webhook-configured').slice(0, 4), 'yes:');
  const gone = await explained(t, { [SLICES]: [200, { items: [] }] });
  assert.match(
    rule(gone, 'webhook-reachable'),
    /^no: ready endpoints .*: 0; see kubectl -n rollcall-system get pods$/,
  );
  const hidden = await explained(t, { [SLICES]: [403, { message: 'no' }] });
  assert.equal(rule(hidden, 'webhook-reachable'), "unknown: its endpoints can't be read (403: no)");
});

test('it is said whether the Service of the group is there, and who is in it', async (t) => {
  const inShop = SLICES.replace('rollcall-system', 'shop');
  const group = async (answers: Answers) => rule(await explained(t, answers), 'group');
  assert.equal(
    await group({ [inShop]: [200, { items: [] }] }),
    'no: service db has no EndpointSlices in shop: create it, or correct its name; until then its group is empty and stale',
  );
  const endpoints = [{ conditions: { ready: true } }, { conditions: { ready: false } }];
  assert.equal(
    await group({ [inShop]: [200, { items: [{ endpoints }] }] }),
    'yes: service db in shop has 2 endpoints, 1 ready',
  );
  assert.match(
    await group({ [inShop]: [200, { items: [{ endpoints: null }] }] }),
    /^yes: .* no endpoints yet; its selector/,
  );
  assert.equal(
    await group({ [inShop]: [403, { message: 'no' }] }),
    "unknown: service db: its endpoints can't be read (403: no)",
  );
});

test('of each Service that is followed it is said, also in another namespace', async (t) => {
  const annotations = {
    'rollcall.dev/inject': 'true',
    'rollcall.dev/group.near': 'dns tcp',
    'rollcall.dev/group.far': 'service tcp in team-b',
    'rollcall.dev/group.pods': 'pods app=x',
  };
  const { rules } = await explained(t, {
    'GET /api/v1/namespaces/shop': [
      200,
      { metadata: { name: 'shop', annotations: { 'rollcall.dev/pod-access': 'true' } } },
    ],
    'GET /api/v1/namespaces/team-b': [
      200,
      { metadata: { name: 'team-b', annotations: { 'rollcall.dev/grant': 'shop' } } },
    ],
    'GET /api/v1/namespaces/shop/pods/db-0': [
      200,
      { metadata: { name: 'db-0', annotations }, spec: { containers } },
    ],
    [SLICES.replace('rollcall-system', 'shop')]: [200, { items: [] }],
    [SLICES.replace('rollcall-system', 'team-b')]: [200, { items: [{ endpoints: [{}] }] }],
  });
  const told = rules
    .filter(({ rule }) => rule === 'group')
    .map(({ answer, why }) => `${answer}: ${why.slice(0, 26)}`);
  assert.deepEqual(told.sort(), ['no: service tcp has no Endpoin', 'yes: service tcp in team-b has ']);
});

test('what is not there is told with its namespace, and nobody is asked whether the server runs', async (t) => {
  const api = await answeringApi(t, fine);
  const directory = await folder(t, { config: kubeconfig('fake', api.url, 'shop') });
  const flags = ['--kubeconfig', join(directory, 'config')];
  const { err, code } = await run('explain', ['deployment/nope', ...flags]);
  assert.deepEqual(
    [err, code],
    [
      'rollcall: there is no deployment/nope in namespace shop; correct the name, or give another --namespace\n',
      1,
    ],
  );
  const { out } = await run('explain', ['pod/db-0', ...flags]);
  assert.match(out, /^pod\/db-0 in shop has no sidecar; a pod that is created now would get one\n/);
  assert.match(out, /the sidecar is added when a pod is created\. When this pod was created/);
});

test('an entry without a caBundle is not called', async (t) => {
  const explanation = await explained(t, { [CONFIGURATION]: [200, webhooks({ service })] });
  assert.match(
    rule(explanation, 'webhook-configured'),
    /^no: no caBundle yet in pods\.rollcall\.dev and namespaces/,
  );
});

test('the LimitRanges of the namespace count', async (t) => {
  const limits = [{ type: 'Container', max: { memory: '1Mi' } }];
  const answer: Answers = {
    'GET /api/v1/namespaces/shop/limitranges': [200, { items: [{ spec: { limits } }] }],
  };
  const explanation = await explained(t, answer);
  assert.deepEqual([explanation.result, explanation.code], ['deny', 'limit-range']);
});

test('the dry run tells what the rules do not', async (t) => {
  const without = await explained(t, { [CREATE]: [201, { spec: { containers } }] });
  assert.equal(without.result, 'inject');
  assert.match(rule(without, 'dry-run'), /^no: a copy that is created now would not have the sidecar$/);
  assert.match(without.advice[0]!, /rollcall check looks at the installation/);
  const warning = '299 - "rollcall: annotation rollcall.dev/x is not known", 299 - "other"';
  const warned = await explained(t, { [CREATE]: [201, { spec: { containers } }, warning] });
  assert.deepEqual(warned.warnings, ['annotation rollcall.dev/x is not known']);
});

test('the copy that is tried is the pod as it was before it was created', async (t) => {
  const status = JSON.stringify({ version: '0.2.0', service: 'db', account: 'kept' });
  const pod = {
    metadata: {
      name: 'db-0',
      uid: 'u',
      resourceVersion: '7',
      labels: { app: 'db' },
      annotations: { ...annotations, 'rollcall.dev/status': status },
    },
    spec: {
      nodeName: 'node-1',
      containers: [{ ...containers[0], volumeMounts: [{ name: 'rollcall', mountPath: '/run/rollcall' }] }],
      initContainers: [{ name: 'rollcall', args: ['sidecar'] }],
      ephemeralContainers: [{ name: 'debug' }],
      volumes: [{ name: 'rollcall', emptyDir: {} }],
    },
    status: { phase: 'Running' },
  };
  const { requests } = await explainedWith(t, { 'GET /api/v1/namespaces/shop/pods/db-0': [200, pod] });
  const posted = requests.find(({ method }) => method === 'POST');
  assert.equal(posted?.query.get('dryRun'), 'All');
  assert.deepEqual(JSON.parse(posted!.body!), {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'db-0-explain-', labels: { app: 'db' }, annotations },
    spec: { containers },
  });
});

test('the copy has the owner by which the webhook knows how many members are expected', async (t) => {
  const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'u-1', controller: true };
  const metadata = {
    name: 'db-0',
    annotations: { ...annotations, 'rollcall.dev/expected': 'owner' },
    ownerReferences: [{ ...owner, blockOwnerDeletion: true }],
  };
  const { requests, explanation } = await explainedWith(t, {
    'GET /api/v1/namespaces/shop/pods/db-0': [200, { metadata, spec: { containers } }],
  });
  const posted = requests.find(({ method }) => method === 'POST');
  assert.deepEqual(JSON.parse(posted!.body!).metadata.ownerReferences, [owner]);
  assert.equal(explanation.result, 'inject');
});

test('a workload of the cluster is the owner of the copy that is tried', async (t) => {
  const template = {
    metadata: { labels: { app: 'db' }, annotations: { ...annotations, 'rollcall.dev/expected': 'owner' } },
    spec: { containers },
  };
  const { requests, explanation } = await explainedWith(
    t,
    {
      'GET /apis/apps/v1/namespaces/shop/deployments/web': [
        200,
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'web', uid: 'u-2' },
          spec: { template },
        },
      ],
    },
    'deployment/web',
  );
  const posted = requests.find(({ method }) => method === 'POST');
  assert.deepEqual(JSON.parse(posted!.body!).metadata.ownerReferences, [
    { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'u-2', controller: true },
  ]);
  assert.equal(explanation.result, 'inject');
});

test('what is true of the dry run only is not said, of a pod that was injected already neither', async (t) => {
  const sentence =
    'on a dry run no ServiceAccount is made, so the account "default" of the pod is shown unchanged; ' +
    'created for real, the pod runs as "rollcall-watcher"';
  const said = ['199', '-', JSON.stringify(`rollcall: ${sentence}`)].join(' ');
  const spec = { containers, initContainers: [{ name: 'rollcall', args: ['sidecar'] }] };
  const tried: Answers = { [CREATE]: [201, { spec }, said] };
  assert.deepEqual((await explained(t, tried)).warnings, []);
  const status = JSON.stringify({ version: '0.2.0', service: 'db', account: 'scoped' });
  const injected = {
    metadata: { name: 'db-0', annotations: { ...annotations, 'rollcall.dev/status': status } },
    spec: { ...spec, serviceAccountName: 'rollcall-watcher', serviceAccount: 'rollcall-watcher' },
  };
  const again = await explained(t, {
    'GET /api/v1/namespaces/shop/pods/db-0': [200, injected],
    ...tried,
  });
  assert.deepEqual(again.warnings, []);
});

test('a container that is only called like the sidecar is none', async (t) => {
  const spec = { containers: [...containers, { name: 'rollcall', args: ['serve'] }] };
  const other = await explained(t, {
    'GET /api/v1/namespaces/shop/pods/db-0': [200, { metadata: { name: 'db-0', annotations }, spec }],
    [CREATE]: [201, { spec }],
  });
  assert.match(rule(other, 'pod-injected'), /^no: /);
  assert.match(rule(other, 'dry-run'), /^no: /);
});

test('many workloads of one namespace ask for it, and for the webhook, once', async (t) => {
  const api = await answeringApi(t, fine);
  const pod = (name: string) =>
    JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name, annotations }, spec: { containers } });
  const directory = await folder(t, {
    config: kubeconfig('fake', api.url, 'shop'),
    'pods.yaml': ['a', 'b', 'c'].map(pod).join('\n---\n'),
  });
  const { out } = await run('explain', [
    ...['-f', join(directory, 'pods.yaml'), '-o', 'json'],
    ...['--kubeconfig', join(directory, 'config')],
  ]);
  assert.equal(JSON.parse(out).length, 3);
  const asked = api.requests.map(({ method, path }) => `${method} ${path}`);
  assert.equal(asked.filter((one) => one === 'GET /api/v1/namespaces/shop').length, 1);
  assert.equal(asked.filter((one) => one === CONFIGURATION).length, 1);
  assert.equal(asked.filter((one) => one === CREATE).length, 3);
});

test('a group of another namespace that grants nothing is told of, and of one that does nothing is said', async (t) => {
  const metadata = {
    name: 'db-0',
    annotations: { ...annotations, 'rollcall.dev/group.backends': 'service tcp-servers in team-b' },
  };
  const pod = {
    'GET /api/v1/namespaces/shop/pods/db-0': [200, { metadata, spec: { containers } }],
  } satisfies Answers;
  const granting = (grant: string): Answers => ({
    ...pod,
    'GET /api/v1/namespaces/team-b': [
      200,
      { metadata: { name: 'team-b', annotations: { 'rollcall.dev/grant': grant } } },
    ],
  });
  assert.equal((await explained(t, granting('shop, team-a'))).result, 'inject');
  const refused = await explained(t, granting('team-a'));
  assert.deepEqual([refused.result, refused.code], ['deny', 'grant']);
  assert.equal(
    (await explained(t, pod)).sentence,
    refused.sentence,
    'the same where there is no such namespace',
  );
  const hidden = { ...pod, 'GET /api/v1/namespaces/team-b': [403, { message: 'no' }] } satisfies Answers;
  assert.equal(
    (await explained(t, hidden)).result,
    'inject',
    'what the user may not read is left to the dry run',
  );
});

test('of a pod that is not there it is told what to explain where it was refused', async (t) => {
  const api = await answeringApi(t, fine);
  const directory = await folder(t, { config: kubeconfig('fake', api.url, 'shop') });
  const told = async (operand: string) =>
    (await run('explain', [operand, '--kubeconfig', join(directory, 'config')])).err;
  assert.match(await told('pod/db-9'), /; if the pod was refused, explain its workload/);
  assert.doesNotMatch(await told('sts/db'), /refused/);
});
