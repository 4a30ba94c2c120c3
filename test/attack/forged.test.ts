/** Reviews that no API server sent: nothing privileged follows from a request alone. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { apply_patch } from 'jsonpatch';
import { parseAllDocuments } from 'yaml';
import { HUNG_MS } from '../support/deadlines.ts';
import { eventually } from '../support/eventually.ts';
import { Attacked } from './attacked.ts';
import { askingPod, type Json, review } from './reviews.ts';

const SYSTEM = ['kube-system', 'kube-public', 'kube-node-lease'];
const OPTED_IN = { 'rollcall.dev/injection': 'enabled' };
const KEEP = { 'rollcall.dev/service-account': 'keep' };
/** What a namespace may not say: what runs, is sent, is mounted, or changes an identity. */
const CODE = {
  'rollcall.dev/service': 'db',
  'rollcall.dev/on-start': '/bin/sh -c "touch /tmp/owned"',
  'rollcall.dev/on-change': '/bin/sh -c "touch /tmp/owned"',
  'rollcall.dev/scripts': 'planted',
  'rollcall.dev/notify': 'http://127.0.0.1:10250/owned',
  'rollcall.dev/mount-path': '/etc/owned',
  'rollcall.dev/containers': 'sidecar-of-another',
  'rollcall.dev/service-account': 'keep',
};

/** Long enough for a write that follows an answer. */
const SETTLED_MS = 500;

const bindingsOf = (namespace: string) =>
  `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`;

suite('forged reviews', { timeout: HUNG_MS }, () => {
  let attacked: Attacked;

  before(async () => {
    attacked = await Attacked.start({ 'shell-image': 'rollcall:test-shell' }, (api) => {
      for (const name of SYSTEM) api.create('/api/v1/namespaces', { metadata: { name, labels: OPTED_IN } });
      api.create('/api/v1/namespaces', {
        metadata: { name: 'coded', labels: OPTED_IN, annotations: CODE },
      });
      for (const namespace of ['demo', 'open', 'coded', ...SYSTEM]) {
        api.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'app' } });
      }
    });
    // What it provides ahead of pods, in labelled namespaces, is done before the first attack.
    await eventually('what is provided ahead', () =>
      ['open', 'coded'].every((namespace) => {
        const bound = attacked.api.list(bindingsOf(namespace)) as Json[];
        return bound.some(({ metadata }) => metadata.name === 'rollcall-watcher');
      }),
    );
    await rest();
  });
  after(() => attacked?.stop());

  /** Waits until nothing more follows from what was posted before. */
  const rest = async () => {
    for (let seen = -1; seen !== attacked.writes().length; ) {
      seen = attacked.writes().length;
      await delay(SETTLED_MS);
    }
  };

  /** Posts it, and gives what was written to the API because of it. */
  const written = async (body: Json): Promise<string[]> => {
    const since = attacked.api.requests.length;
    await attacked.review(body);
    await delay(SETTLED_MS);
    return attacked.writes(since);
  };

  /** The accounts that a binding gives a role in which pods can be read. */
  const podReaders = async (namespace: string): Promise<string[]> => {
    const roles = await rolesThatReadPods();
    const bindings = attacked.api.list(bindingsOf(namespace)) as Json[];
    return bindings
      .filter(({ roleRef }) => roles.has(roleRef.name))
      .flatMap(({ subjects }) => (subjects ?? []).map(({ name }: Json) => name));
  };

  test('an existing account that a forged review names is not given the right to read pods', async () => {
    const spec = { serviceAccountName: 'app', serviceAccount: 'app' };
    for (const namespace of ['demo', 'open']) {
      for (const annotations of [
        KEEP,
        { ...KEEP, 'rollcall.dev/source': 'pods', 'rollcall.dev/selector': 'app=db' },
        { 'rollcall.dev/source': 'pods', 'rollcall.dev/selector': 'app=db' },
      ]) {
        await attacked.review(review(askingPod(annotations, spec), { namespace }));
      }
      await delay(SETTLED_MS);
      assert.deepEqual(await podReaders(namespace), []);
    }
  });

  test('all that a forged review gives an account that exists are EndpointSlices and counts of replicas', async () => {
    const spec = { serviceAccountName: 'app', serviceAccount: 'app' };
    const asking = {
      ...KEEP,
      'rollcall.dev/expected': 'statefulset db',
      'rollcall.dev/group.others': 'service others',
      'rollcall.dev/group.pods': 'dns pods',
    };
    await attacked.review(review(askingPod(asking, spec), { namespace: 'open' }));
    await delay(SETTLED_MS);
    const given = (attacked.api.list(bindingsOf('open')) as Json[])
      .filter(({ subjects }) => subjects?.some(({ name }: Json) => name === 'app'))
      .map(({ roleRef }) => roleRef.name);
    const roles = (await clusterRoles()).filter(({ metadata }) => given.includes(metadata.name));
    assert.equal(roles.length, given.length);
    const rules = roles.flatMap(({ rules: all }) => all as Json[]);
    const rights = rules.flatMap(({ resources, verbs }) =>
      resources.flatMap((resource: string) => verbs.map((verb: string) => `${verb} ${resource}`)),
    );
    const counts = ['statefulsets', 'deployments', 'replicasets', 'leaderworkersets'];
    assert.deepEqual(
      rights.toSorted(),
      [
        ...['get', 'list', 'watch'].map((verb) => `${verb} endpointslices`),
        ...counts.map((workloads) => `get ${workloads}/scale`),
      ].toSorted(),
    );
  });

  test('a Job that has an ordinary sidecar gets no right to read pods where the namespace does not allow it', async () => {
    const job = askingPod({ 'rollcall.dev/native-sidecar': 'false' }, { restartPolicy: 'Never' });
    await attacked.review(review(job));
    await delay(SETTLED_MS);
    assert.deepEqual(await podReaders('demo'), []);
  });

  test('a forged review for a namespace of the system makes nothing there', async () => {
    await rest();
    for (const namespace of SYSTEM) {
      for (const annotations of [{}, KEEP]) {
        const pod = askingPod(annotations, { serviceAccountName: 'app' });
        assert.deepEqual(await written(review(pod, { namespace })), [], namespace);
      }
      const accounts = attacked.api.list(`/api/v1/namespaces/${namespace}/serviceaccounts`);
      assert.deepEqual(
        accounts.map(({ metadata }) => metadata?.name),
        ['app'],
        'nor was anything made because of its label',
      );
    }
  });

  test('a forged review for a namespace that is not there makes nothing', async () => {
    await rest();
    assert.deepEqual(await written(review(askingPod(KEEP), { namespace: 'nowhere' })), []);
  });

  test('a forged review of what is no pod, or no creation, makes nothing', async () => {
    await rest();
    for (const fields of [
      { kind: { group: 'apps', version: 'v1', kind: 'Pod' } },
      { kind: { group: '', version: 'v1', kind: 'Node' } },
      { operation: 'UPDATE' },
      { operation: 'create' },
      { subResource: 'ephemeralcontainers' },
    ]) {
      assert.deepEqual(await written(review(askingPod(KEEP, { serviceAccountName: 'app' }), fields)), []);
    }
  });

  test('a name that is no name of Kubernetes is never put into a path', async () => {
    const hostile = [
      '../kube-system',
      'demo/secrets/rollcall-tls',
      'demo/../kube-system',
      '..',
      '.',
      '%2e%2e',
      '%2e%2e%2fkube-system',
      'demo%2fsecrets',
      'demo?watch=1',
      'demo#x',
      'demo\n',
      'demo\u0000',
      'DEMO',
      'dem\u00f6',
      '-demo',
      'demo-',
      'a'.repeat(64),
      'a'.repeat(5000),
      ' demo',
      'demo.',
      '\ud800',
    ];
    const since = attacked.api.requests.length;
    for (const name of hostile) {
      const asNamespace = await attacked.review(review(askingPod(), { namespace: name }));
      assert.equal(asNamespace.status, 400, `namespace ${JSON.stringify(name.slice(0, 80))}`);
    }
    // The name of an account may have dots and 253 characters.
    for (const name of hostile.filter((one) => one !== 'a'.repeat(64))) {
      const pod = askingPod(KEEP, { serviceAccountName: name, serviceAccount: name });
      const asAccount = await attacked.review(review(pod));
      const refused = asAccount.status === 400 || asAccount.response?.allowed === false;
      assert.ok(refused, `account ${JSON.stringify(name.slice(0, 80))}: ${asAccount.status}`);
    }
    await delay(SETTLED_MS);
    const asked = attacked.api.requests.slice(since).filter(({ query }) => !query.has('watch'));
    for (const { url } of asked) {
      assert.match(url, /^\/(api\/v1|apis\/[a-z0-9.]+\/v1)(\/[a-z0-9-]+)+(\?[A-Za-z0-9=&%._-]*)?$/);
      assert.doesNotMatch(url, /kube-system\/|secrets/);
    }
  });

  test('what a namespace annotation says is not run, sent, mounted or taken for an identity', async () => {
    const pod = { ...askingPod(), metadata: { name: 'db-0', annotations: {} } };
    const { text, operations, response } = await attacked.review(review(pod, { namespace: 'coded' }));
    assert.ok(operations.length > 0, `it is injected, as its namespace asks: ${text.slice(0, 300)}`);
    const patch = JSON.stringify(operations);
    for (const trace of ['owned', 'planted', '10250', 'ON_CHANGE', 'ON_START', 'NOTIFY', '-shell']) {
      assert.doesNotMatch(patch, new RegExp(trace, 'i'));
    }
    const account = operations.find(({ path }) => path === '/spec/serviceAccountName');
    assert.equal(account?.value, 'rollcall-watcher', 'nor is the account kept because the namespace says so');
    const warnings = (response.warnings ?? []).join('\n');
    for (const key of ['on-change', 'notify', 'mount-path', 'service-account']) {
      assert.match(warnings, new RegExp(key), 'who wrote it is told that it does nothing');
    }
  });

  test('a pod on the network of its node is injected only when it asks itself', async () => {
    const pod = askingPod({}, { hostNetwork: true });
    pod.metadata.annotations = { 'rollcall.dev/service': 'db' };
    assert.deepEqual((await attacked.review(review(pod, { namespace: 'open' }))).operations, []);
    const asks = await attacked.review(review(askingPod({}, { hostNetwork: true }), { namespace: 'open' }));
    assert.ok(asks.operations.length > 0, asks.text.slice(0, 300));
  });

  test('on the network of a node nothing is sent to a port that no container of the pod declares', async () => {
    const annotations = { 'rollcall.dev/notify': 'http://127.0.0.1:10250/run' };
    for (const containers of [
      [{ name: 'app', image: 'a' }],
      [{ name: 'app', image: 'a', ports: [{ containerPort: 8080 }] }],
    ]) {
      const pod = askingPod(annotations, { hostNetwork: true, containers });
      const { operations } = await attacked.review(review(pod));
      assert.doesNotMatch(JSON.stringify(operations), /10250/);
    }
  });

  test('a mount of the shared folder that could be written to is refused, or made read-only', async () => {
    const volumes = [{ name: 'rollcall', emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } }];
    for (const mount of [
      { name: 'rollcall', mountPath: '/run/rollcall' },
      { name: 'rollcall', mountPath: '/run/rollcall/' },
      { name: 'rollcall', mountPath: '/elsewhere' },
      { name: 'rollcall', mountPath: '/elsewhere', readOnly: false },
      { name: 'rollcall', mountPath: '/elsewhere', readOnly: null },
      { name: 'rollcall', mountPath: '/run/rollcall', subPath: 'x' },
    ]) {
      const writer = { name: 'writer', image: 'a', volumeMounts: [mount] };
      const app = { name: 'app', image: 'a' };
      for (const spec of [{ containers: [app, writer] }, { containers: [app], initContainers: [writer] }]) {
        const posted = review(askingPod({}, { ...spec, volumes }));
        const { response, operations, status } = await attacked.review(posted);
        if (status === 400 || response?.allowed === false) continue;
        const pod = apply_patch(posted.request.object, operations) as Json;
        const writable = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]
          .filter(({ name }: Json) => name !== 'rollcall')
          .flatMap(({ volumeMounts = [] }: Json) => volumeMounts)
          .filter(({ name, readOnly }: Json) => name === 'rollcall' && readOnly !== true);
        assert.deepEqual(writable, [], JSON.stringify(mount));
      }
    }
  });

  test('the sidecar runs as a user that no base image uses', async () => {
    const { operations } = await attacked.review(review(askingPod()));
    const users = [...JSON.stringify(operations).matchAll(/"run_?As(?:User|Group)":(\d+)/gi)].map(([, id]) =>
      Number(id),
    );
    assert.ok(users.length > 0);
    for (const id of users) assert.ok(id !== 65532 && id !== 65534 && id > 10_000, `${id}`);
  });
});

async function rolesThatReadPods(): Promise<Set<string>> {
  const reads = ({ rules }: Json) => (rules ?? []).some(({ resources }: Json) => resources?.includes('pods'));
  return new Set((await clusterRoles()).filter(reads).map(({ metadata }) => metadata.name));
}

async function clusterRoles(): Promise<Json[]> {
  const text = await readFile(new URL('../../deploy/rbac.yaml', import.meta.url), 'utf8');
  const objects = parseAllDocuments(text).map((document) => document.toJS() as Json);
  return objects.filter((object) => object?.kind === 'ClusterRole');
}
