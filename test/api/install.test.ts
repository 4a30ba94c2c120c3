/** What the three ways install, on a real kube-apiserver: accepted, taken over by each other, and of effect. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { byName, chart, missing } from '../deploy/rendered.ts';
import { commandsUnder } from '../docs/pages.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import { SYSTEM_NAMESPACE, startOutsideWebhook } from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { partsOf } from './parts.ts';
import { collectionOf, policyOf, RULE_LABEL, RULES } from './platform-rules.ts';

const DEPLOY = fileURLToPath(new URL('../../deploy', import.meta.url));
const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
const CONFIGURATION = `${ADMISSION}/mutatingwebhookconfigurations/rollcall`;
const FLOWS = '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas';
const SLICES = '/apis/discovery.k8s.io/v1';
const noHelm = missing('helm');
const run = promisify(execFile);

suite('installing on a real API server', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;

  before(async () => {
    // OpenShift has this plugin: only who may delete an object may set its owner.
    const plugins = '--enable-admission-plugins=NodeRestriction,OwnerReferencesPermissionEnforcement';
    plane = await startControlPlane({ extraArgs: [plugins] });
  });

  after(() => plane?.stop());

  const helm = async (...args: string[]): Promise<string> => {
    const inCluster = ['--kubeconfig', plane.kubeconfig, '--namespace', SYSTEM_NAMESPACE];
    return (await run('helm', [...args, ...inCluster])).stdout;
  };

  const installed = () => partsOf(plane);

  test('the rendered file is taken as it is, with no unknown field and no warning', async () => {
    const args = ['apply', '--filename', join(DEPLOY, 'install.yaml'), '--validate=strict'];
    const { stdout, stderr } = await run('kubectl', ['--kubeconfig', plane.kubeconfig, ...args]);
    assert.equal(stderr, '');
    assert.equal(stdout.trim().split('\n').length, (await installed()).length);
  });

  test('Helm takes over what kubectl applied, and kubectl what Helm installed: nothing is made anew', {
    skip: noHelm,
  }, async () => {
    const identities = async () => {
      const { metadata, webhooks } = await plane.must('GET', CONFIGURATION);
      const deployment = await plane.must(
        'GET',
        `/apis/apps/v1/namespaces/${SYSTEM_NAMESPACE}/deployments/rollcall`,
      );
      const bundles = webhooks.map(({ clientConfig }: Webhook) => clientConfig.caBundle);
      return {
        configuration: metadata.uid,
        bundles,
        deployment: deployment.metadata.uid,
        spec: deployment.spec,
      };
    };
    const clientConfig = { caBundle: Buffer.from('kept').toString('base64') };
    const published = ['pods.rollcall.dev', 'namespaces.rollcall.dev'].map((name) => ({
      name,
      clientConfig,
    }));
    const type = { 'content-type': 'application/strategic-merge-patch+json' };
    await plane.must('PATCH', CONFIGURATION, { webhooks: published }, type);
    const before = await identities();
    const objects = await installed();

    await helm('install', 'rollcall', join(DEPLOY, 'chart'), '--take-ownership');
    assert.deepEqual(await identities(), before);
    assert.deepEqual(await installed(), objects);

    await helm('upgrade', 'rollcall', join(DEPLOY, 'chart'), '--set', 'namespaces={trial}');
    assert.deepEqual(
      await identities(),
      before,
      'an upgrade that changes the configuration keeps the certificates',
    );

    await plane.kubectl('apply', '--kustomize', DEPLOY);
    await plane.kubectl('delete', 'secret', '--selector=owner=helm', `--namespace=${SYSTEM_NAMESPACE}`);
    assert.deepEqual(await identities(), before);
    assert.equal((await helm('list', '--short')).trim(), '');

    await helm('install', 'rollcall', join(DEPLOY, 'chart'), '--take-ownership');
    assert.deepEqual(await identities(), before);
    await helm('uninstall', 'rollcall', '--cascade=background');
    assert.deepEqual(await installed(), [`namespace/${SYSTEM_NAMESPACE}`], 'Helm leaves the namespace');
    assert.equal((await plane.request('GET', CONFIGURATION)).status, 404);
  });

  test('where Helm makes the namespace, the owner comes with the next upgrade', {
    skip: noHelm,
  }, async () => {
    const name = 'rollcall-new';
    const set = ['--set', 'certificates.source=files', '--set', 'certificates.secretName=tls'];
    const into = ['--kubeconfig', plane.kubeconfig, '--namespace', name];
    const release = ['rollcall', join(DEPLOY, 'chart'), ...set, ...into];
    const owners = async () => (await plane.must('GET', CONFIGURATION)).metadata.ownerReferences;
    await run('helm', ['install', ...release, '--create-namespace']);
    assert.equal(await owners(), undefined);
    await run('helm', ['upgrade', ...release]);
    const { uid } = (await plane.must('GET', `/api/v1/namespaces/${name}`)).metadata;
    assert.deepEqual(await owners(), [{ apiVersion: 'v1', kind: 'Namespace', name, uid }]);
    await run('helm', ['uninstall', 'rollcall', ...into, '--cascade=background']);
  });

  test('with certificates of others the configuration has its owner from Helm, or by the commands of the page', {
    skip: noHelm,
  }, async () => {
    const [namespace] = (await plane.must('GET', '/api/v1/namespaces')).items.filter(
      ({ metadata }: { metadata: { name: string } }) => metadata.name === SYSTEM_NAMESPACE,
    );
    const { uid } = namespace.metadata;
    const owner = { apiVersion: 'v1', kind: 'Namespace', name: SYSTEM_NAMESPACE, uid };
    const owners = async () => (await plane.must('GET', CONFIGURATION)).metadata.ownerReferences;
    const files = ['--set', 'certificates.source=files', '--set', 'certificates.secretName=tls'];
    await helm('install', 'rollcall', join(DEPLOY, 'chart'), ...files);
    assert.deepEqual(await owners(), [owner]);
    await helm('upgrade', 'rollcall', join(DEPLOY, 'chart'), ...files, '--set', 'replicas=3');
    assert.deepEqual(await owners(), [owner]);
    await helm('uninstall', 'rollcall', '--cascade=background');

    await plane.kubectl('apply', '--filename', join(DEPLOY, 'install.yaml'));
    assert.equal(await owners(), undefined);
    const commands = commandsUnder('docs/operations.md', 'The owner of the configuration');
    const env = { ...process.env, KUBECONFIG: plane.kubeconfig };
    await run('sh', ['-ec', commands.join('\n')], { env });
    assert.deepEqual(await owners(), [owner]);
    await plane.kubectl('apply', '--filename', join(DEPLOY, 'install.yaml'));
    assert.deepEqual(await owners(), [owner], 'and keeps it');
    await plane.must('DELETE', CONFIGURATION);
  });

  test('requests of webhook and sidecars have their levels, and those of others keep theirs', async () => {
    await plane.kubectl('apply', '--filename', join(DEPLOY, 'install.yaml'));
    await plane.ensureNamespace('app');
    for (const name of ['rollcall-watcher', 'other']) {
      await plane.must('POST', '/api/v1/namespaces/app/serviceaccounts', { metadata: { name } });
    }
    const ofApp = `${SLICES}/namespaces/app/endpointslices`;
    const asked: [namespace: string, account: string, path: string, schema: string][] = [
      [SYSTEM_NAMESPACE, 'rollcall', '/api/v1/namespaces', 'rollcall-webhook'],
      [SYSTEM_NAMESPACE, 'rollcall', '/version', 'rollcall-webhook'],
      ['app', 'rollcall-watcher', ofApp, 'rollcall-watchers'],
      ['app', 'other', `${SLICES}/endpointslices`, 'service-accounts'],
      ['app', 'other', '/api/v1/namespaces/app/pods', 'service-accounts'],
    ];
    for (const [namespace, account, path, schema] of asked) {
      const token = await plane.mintToken(namespace, account);
      await eventually(`${account} at ${path} under ${schema}`, async () => {
        const uid = await flowSchemaOf(plane, token, path);
        const { metadata } = await plane.must('GET', `${FLOWS}/${schema}`);
        return metadata.uid === uid;
      });
    }
  });

  test('pods of the webhook are accepted by the rules of platforms, with the value for each', {
    skip: noHelm,
  }, async () => {
    for (const rule of Object.values(RULES)) {
      await plane.ensureNamespace(rule.name, { [RULE_LABEL]: rule.name });
      for (const object of policyOf(rule)) await plane.must('POST', collectionOf(object), object);
    }
    await plane.ensureNamespace('strict', { 'pod-security.kubernetes.io/enforce': 'restricted' });
    const answer = async (namespace: string, values: object) => {
      const { body } = await plane.request(
        'POST',
        `/api/v1/namespaces/${namespace}/pods?dryRun=All`,
        await podOf(values),
      );
      return body.kind === 'Pod' ? 'accepted' : String(body.message);
    };
    for (const { name } of Object.values(RULES)) {
      // The API server learns of a policy a moment after it was made.
      const refused = new RegExp(`refused as on ${name}`);
      await eventually(`the rule of ${name}`, async () => refused.test(await answer(name, {})));
      assert.equal(await answer(name, { platform: name }), 'accepted');
    }
    for (const values of [{}, { platform: 'openshift' }, { platform: 'autopilot', port: 10250 }]) {
      assert.equal(await answer('strict', values), 'accepted', JSON.stringify(values));
    }
    assert.match(await answer('strict', { hostNetwork: true }), /violates PodSecurity.*host namespaces/);
  });

  test('where the owner of an object is checked, the component for OpenShift lets the webhook set it', async () => {
    const owners = async () => (await plane.must('GET', CONFIGURATION)).metadata.ownerReferences;
    const webhook = await startOutsideWebhook(plane);
    try {
      const warning = /the configuration would outlive its namespace.*cannot set an ownerRef/;
      await eventually('a warning', () => webhook.process.output.some((line) => warning.test(line)));
      assert.equal(await owners(), undefined);
      assert.ok((await webhook.caBundle()).length > 0, 'the certificates are published all the same');

      await plane.kubectl('apply', '--filename', join(DEPLOY, 'openshift/owner-check.yaml'));
      await webhook.restart();
      const [owner] = await eventually('an owner', owners);
      const { metadata } = await plane.must('GET', `/api/v1/namespaces/${SYSTEM_NAMESPACE}`);
      assert.deepEqual(owner, {
        apiVersion: 'v1',
        kind: 'Namespace',
        name: SYSTEM_NAMESPACE,
        uid: metadata.uid,
      });
    } finally {
      await webhook.process.kill();
    }
  });
});

/** A pod as the Deployment of the chart with these values makes it, with an account that every namespace has. */
async function podOf(values: object): Promise<object> {
  const deployment = byName(await chart(values))['Deployment rollcall'];
  const { metadata, spec } = deployment.spec.template;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, name: 'webhook' },
    spec: { ...spec, serviceAccountName: 'default' },
  };
}

interface Webhook {
  clientConfig: { caBundle?: string };
}

/** The uid of the FlowSchema that a GET of the bearer was judged by, whatever it was answered. */
function flowSchemaOf(plane: ControlPlane, token: string, path: string): Promise<unknown> {
  const options = { ca: plane.ca, agent: false as const, headers: { authorization: `Bearer ${token}` } };
  return new Promise((resolve, reject) => {
    request(new URL(path, plane.url), options, (response) => {
      response.resume();
      resolve(response.headers['x-kubernetes-pf-flowschema-uid']);
    })
      .on('error', reject)
      .end();
  });
}
