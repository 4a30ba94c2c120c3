/** The access that inject adds before the workloads that need it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../../src/inject/pod.ts';
import { run } from '../run.ts';
import { documents, inject } from './inject-text.ts';
import { CONFIG_MAP, CRON_JOB, STATEFUL_SET } from './manifests.ts';

test('comes once, before the first workload that needs it, in its namespace', async () => {
  const { out } = await inject(`---\n${CONFIG_MAP}---\n${STATEFUL_SET}---\n${CRON_JOB}`);
  assert.deepEqual(
    documents(out).map(({ kind }) => kind),
    ['ConfigMap', 'ServiceAccount', 'Role', 'RoleBinding', 'StatefulSet', 'CronJob'],
  );
  assert.ok(
    documents(out)
      .slice(1)
      .every(({ metadata }) => metadata.namespace === 'shop'),
  );
  assert.deepEqual(documents(out)[3]!.subjects, [
    { kind: 'ServiceAccount', namespace: 'shop', name: 'rollcall-watcher' },
  ]);
});

test('an account of the pod is bound, and not made', async () => {
  const { out } = await inject(STATEFUL_SET.replace("'default'", 'mine'));
  assert.deepEqual(
    documents(out).map(({ kind, metadata }) => `${kind} ${metadata.name}`),
    ['Role rollcall-watcher', 'RoleBinding rollcall-inject-mine', 'StatefulSet db'],
  );
});

test('to pods is another account, by a role and a binding of its own', async () => {
  const asks = 'rollcall.dev/inject: "true"';
  const selecting = STATEFUL_SET.replace(asks, `${asks}\n        rollcall.dev/selector: app=db`);
  const made = async (input: string, ...argv: string[]) =>
    documents((await inject(input, ...argv)).out).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  assert.deepEqual(await made(selecting), [
    'ServiceAccount rollcall-pod-watcher',
    'Role rollcall-pod-watcher',
    'RoleBinding rollcall-inject-pods:rollcall-pod-watcher',
    'StatefulSet db',
  ]);
  assert.deepEqual(await made(selecting.replace("'default'", 'mine')), [
    'Role rollcall-pod-watcher',
    'RoleBinding rollcall-inject-pods:mine',
    'StatefulSet db',
  ]);
  const ordinary = CRON_JOB.replace(asks, `${asks}\n            rollcall.dev/native-sidecar: "false"`);
  assert.deepEqual(await made(ordinary), [
    'ServiceAccount rollcall-pod-watcher',
    'Role rollcall-watcher',
    'RoleBinding rollcall-inject-rollcall-pod-watcher',
    'Role rollcall-pod-watcher',
    'RoleBinding rollcall-inject-pods:rollcall-pod-watcher',
    'CronJob tidy',
  ]);
  const refused = await inject(selecting, '--default', 'rollcall.dev/pod-access=false');
  assert.match(refused.err, /refused \(pod-access\): a group by rollcall\.dev\/selector takes/);
});

test('to groups of other namespaces only is an account and nothing else', async () => {
  const text = `apiVersion: v1
kind: Pod
metadata:
  name: far
  namespace: shop
  annotations: {rollcall.dev/inject: "true", rollcall.dev/group.far: service tcp-servers in team-b}
spec: {containers: [{name: a, image: a}]}
`;
  const { out } = await inject(text);
  assert.deepEqual(
    documents(out).map(({ kind, metadata }) => `${kind} ${metadata.name}`),
    ['ServiceAccount rollcall-guest', 'Pod far'],
  );
  assert.match(out, /serviceAccountName: rollcall-guest\b/);
  assert.equal((await run('uninject', ['-f', '-'], { input: out })).out, text);
});

test('the owner of a pod in a file is the workload around it', async () => {
  const owned = async (input: string) => {
    const { out, err } = await inject(input);
    const pod = documents(out).findLast(({ spec }) => spec !== undefined);
    assert.ok(pod, err);
    const roles = documents(out).flatMap(({ kind, metadata }) => (kind === 'Role' ? [metadata.name] : []));
    const { leaderWorkerTemplate } = pod.spec as { leaderWorkerTemplate?: { workerTemplate: Pod } };
    const template = leaderWorkerTemplate?.workerTemplate ?? pod.spec.template;
    const [container] = template.spec.initContainers!;
    const env = container!.env as { name: string; value: string }[];
    const variable = env.find(({ name }) => name === 'ROLLCALL_EXPECTED');
    return [variable?.value, roles, Object.keys(template.metadata!)];
  };
  const asks = 'rollcall.dev/inject: "true"';
  const stateful = STATEFUL_SET.replace(asks, `${asks}\n        rollcall.dev/expected: owner`);
  const scale = ['rollcall-watcher', 'rollcall-scale-reader'];
  assert.deepEqual(await owned(stateful), ['statefulset db', scale, ['labels', 'annotations']]);
  for (const kind of ['Deployment', 'ReplicaSet']) {
    const text = stateful.replace('kind: StatefulSet', `kind: ${kind}`).replace('serviceName: db', 'x: y');
    const named = text.replace(asks, `${asks}\n        rollcall.dev/service: db`);
    assert.deepEqual(await owned(named), [`${kind.toLowerCase()} db`, scale, ['labels', 'annotations']]);
  }
  // Of a LeaderWorkerSet the members are the pods of one group, whose number is in the file.
  const lws = `apiVersion: leaderworkerset.x-k8s.io/v1
kind: LeaderWorkerSet
metadata: {name: model, namespace: shop}
spec:
  leaderWorkerTemplate:
    size: 4
    workerTemplate:
      metadata:
        annotations: {${asks}, rollcall.dev/service: model, rollcall.dev/expected: owner}
      spec: {containers: [{name: a, image: a}]}
`;
  assert.deepEqual(await owned(lws), ['4', ['rollcall-watcher'], ['annotations']]);
  const nameless = await inject(stateful.replace('name: db\n  namespace', 'generateName: db-\n  namespace'));
  assert.match(nameless.err, /"owner" needs a pod of a StatefulSet, a Deployment/);
});

test('who asks the DNS needs none', async () => {
  const asks = 'rollcall.dev/inject: "true"';
  const { out } = await inject(STATEFUL_SET.replace(asks, `${asks}\n        rollcall.dev/source: dns`));
  assert.deepEqual(
    documents(out).map(({ kind }) => kind),
    ['StatefulSet'],
  );
});

test('a namespace that nobody named is guessed, and that is said', async () => {
  const input = STATEFUL_SET.replace('  namespace: shop\n', '');
  const guessed = await inject(input);
  assert.match(
    guessed.err,
    /no namespace is known for statefulset\/db: .* for "default"; give --namespace NAME/,
  );
  const { out, err } = await inject(input, '-n', 'shop');
  assert.equal(err, 'statefulset/db: injected\n');
  assert.equal(documents(out)[0]!.metadata.namespace, 'shop');
});
