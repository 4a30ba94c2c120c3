/** What is installed, and what is published with it: files that say how far a break-in would reach. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import type { Json } from './reviews.ts';

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The objects of all that the kustomization of `deploy` names. */
async function installed(): Promise<Json[]> {
  const [kustomization] = documents(await read('deploy/kustomization.yaml'));
  const texts = await Promise.all(
    (kustomization.resources as string[]).map((name) => read(`deploy/${name}`)),
  );
  return texts.flatMap(documents);
}

function documents(text: string): Json[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Json)
    .filter((object) => object !== null);
}

const named = async (kind: string, name: string) =>
  (await installed()).find((object) => object.kind === kind && object.metadata.name === name) ??
  assert.fail(`no ${kind} ${name} is installed`);

test('the role of an ordinary sidecar reads EndpointSlices and nothing else', async () => {
  for (const role of ['rollcall-watcher', 'rollcall-grant']) {
    const { rules } = await named('ClusterRole', role);
    assert.deepEqual(rules, [
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch'] },
    ]);
  }
  const pods = await named('ClusterRole', 'rollcall-pod-watcher');
  for (const rule of pods.rules) {
    assert.deepEqual(rule.verbs.toSorted(), ['get', 'list', 'watch']);
    assert.ok(rule.resources.every((resource: string) => ['pods', 'endpointslices'].includes(resource)));
  }
});

test('the webhook is not called for the namespaces of the system', async () => {
  const { webhooks } = await named('MutatingWebhookConfiguration', 'rollcall');
  for (const { name, namespaceSelector } of webhooks) {
    const excluded = (namespaceSelector?.matchExpressions ?? [])
      .filter(({ key, operator }: Json) => key === 'kubernetes.io/metadata.name' && operator === 'NotIn')
      .flatMap(({ values }: Json) => values);
    for (const system of ['kube-system', 'kube-public', 'kube-node-lease']) {
      assert.ok(excluded.includes(system), `${name} leaves out ${system}`);
    }
  }
});

test('a NetworkPolicy says who may reach the webhook', async () => {
  const objects = await installed();
  const policy = objects.find(({ kind }) => kind === 'NetworkPolicy');
  assert.ok(policy, 'it is installed');
  assert.ok(policy.spec.policyTypes.includes('Ingress'));
  const ports = policy.spec.ingress.flatMap(({ ports: open = [] }: Json) =>
    open.map(({ port }: Json) => port),
  );
  const deployment = await named('Deployment', 'rollcall');
  const served = deployment.spec.template.spec.containers[0].ports.flatMap(
    ({ name, containerPort }: Json) => [name, containerPort],
  );
  for (const port of ports) assert.ok(served.includes(port), `${port} is a port of the webhook`);
  assert.ok(ports.length > 0);
});

test('a policy limits what the account of the webhook can write', async () => {
  const policies = (await installed()).filter(({ kind }) => kind === 'ValidatingAdmissionPolicy');
  const own = policies.find(({ spec }) => JSON.stringify(spec).includes('system:serviceaccount:'));
  assert.ok(own, 'a ValidatingAdmissionPolicy names the account of the webhook');
  assert.equal(own.spec.failurePolicy, 'Fail');
  const bindings = (await installed()).filter(({ kind }) => kind === 'ValidatingAdmissionPolicyBinding');
  const binding = bindings.find(({ spec }) => spec.policyName === own.metadata.name);
  assert.deepEqual(binding?.spec.validationActions?.includes('Deny'), true);
});

test('the webhook runs as a user that no base image uses, on a file system that it can not write', async () => {
  const deployment = await named('Deployment', 'rollcall');
  const { spec } = deployment.spec.template;
  const [{ securityContext }] = spec.containers;
  const user = securityContext.runAsUser ?? spec.securityContext?.runAsUser;
  assert.ok(user > 10_000 && user !== 65532 && user !== 65534, `user ${user}`);
  assert.equal(securityContext.readOnlyRootFilesystem, true);
  assert.equal(securityContext.allowPrivilegeEscalation, false);
  assert.deepEqual(securityContext.capabilities.drop, ['ALL']);
  assert.doesNotMatch(await read('Dockerfile'), /65532/);
});

test('base images are named by their digest, or how to pin them is said beside', async () => {
  const text = await read('Dockerfile');
  const bases = [...text.matchAll(/^ARG (\w*IMAGE)=(.+)$/gm)].filter(([, , image]) => image !== 'scratch');
  assert.ok(bases.length > 0);
  for (const [, argument, image] of bases) {
    const explained = new RegExp(`--build-arg ${argument}=\\S+@sha256:`).test(text);
    assert.ok(image!.includes('@sha256:') || explained, `${argument}=${image}`);
  }
});

test('how to report a fault, and what is bundled, is published', async () => {
  const security = await read('SECURITY.md');
  for (const heading of ['Reporting', 'Supported versions'])
    assert.match(security, new RegExp(`^## .*${heading}`, 'im'));
  const notice = await read('NOTICE');
  // That it names all of them is for test/notice.test.ts.
  for (const name of ['express', 'selfsigned', 'yaml']) assert.match(notice, new RegExp(`^${name} \\d`, 'm'));
  const { files } = JSON.parse(await read('package.json'));
  assert.ok(files.includes('NOTICE'));
});
