/**
 * Injected pods on platforms that can't be run here, by their rules, on a real kube-apiserver: what a platform refuses
 * is a policy, and what it changes a second webhook or a controller.
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { UID_RANGE_KEY } from '../../src/inject/security-context.ts';
import { platformSections } from '../deploy/install-page.ts';
import { byName, chart, missing } from '../deploy/rendered.ts';
import type { Reply } from '../support/api-request.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import {
  install,
  type OutsideWebhook,
  SYSTEM_NAMESPACE,
  startOutsideWebhook,
} from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { AKS_TERMS, AksEnforcer } from './aks-enforcer.ts';
import { appPod, INJECT, type Pod } from './app-pod.ts';
import { inParallel } from './parallel.ts';
import { collectionOf, policyOf, RULE_LABEL, RULES } from './platform-rules.ts';
import { AUTOPILOT, GIVEN_USER, platformMutations, sidecarOf } from './platform-webhooks.ts';
import { mutations, SecondWebhook } from './second-webhook.ts';

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RESTRICTED = { 'pod-security.kubernetes.io/enforce': 'restricted' };
const IMAGE = `registry.example/team/rollcall@sha256:${'0a'.repeat(32)}`;
const MIRRORED = `mirror.example.com/${IMAGE}`;
const SAME = { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } };

/** Who changes pods in a namespace, in a configuration of that name, and with it before ours or after it. */
const SECONDS = [
  ['openshift', '0-openshift'],
  ['fargate', '0500-amazon-eks-fargate-mutation.amazonaws.com'],
  ['autopilot', 'warden-mutating.config.common-webhooks.networking.gke.io'],
  ['mirror', 'z-mirror'],
] as const;

suite('platforms, by their rules', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;
  let webhook: OutsideWebhook;
  let second: SecondWebhook;

  before(async () => {
    plane = await startControlPlane();
    second = await SecondWebhook.start({ ...platformMutations, mirror: mutations.mirror });
    const range = { [UID_RANGE_KEY]: `${GIVEN_USER}/10000` };
    await plane.ensureNamespace(SYSTEM_NAMESPACE);
    await plane.ensureNamespace('openshift', { ...RESTRICTED, [RULE_LABEL]: 'openshift' }, range);
    await plane.ensureNamespace('unranged', { ...RESTRICTED, [RULE_LABEL]: 'openshift' });
    await plane.ensureNamespace('fargate', { ...RESTRICTED, [RULE_LABEL]: 'fargate' });
    for (const name of ['autopilot', 'mirror', 'plain']) await plane.ensureNamespace(name, RESTRICTED);
    for (const rule of Object.values(RULES)) {
      for (const object of policyOf(rule)) await plane.must('POST', collectionOf(object), object);
    }
    for (const [namespace, name] of SECONDS) {
      await plane.must('POST', CONFIGURATIONS, configurationOf(namespace, name));
    }
    webhook = await startOutsideWebhook(plane, { image: IMAGE, 'image-pull-secret': 'registry' });
    await eventually('policies and webhooks', async () => {
      const [user, amounts, raised] = await Promise.all([
        create('unranged', appPod({ name: 'probe' }, INJECT), '?dryRun=All'),
        create('fargate', appPod({ name: 'probe' }), '?dryRun=All'),
        create('autopilot', appPod({ name: 'probe' }, INJECT), '?dryRun=All'),
      ]);
      return user.status === 422 && amounts.status === 422 && raised.status === 201 && second.calls.size > 0;
    });
  });

  after(async () => {
    await webhook?.process.kill();
    await second?.stop();
    await plane?.stop();
  });

  const configurationOf = (namespace: string, name: string) => ({
    metadata: { name },
    webhooks: [
      {
        name: `${namespace}.example.com`,
        clientConfig: { url: second.url(namespace), caBundle: second.caBundle },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        reinvocationPolicy: 'IfNeeded',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  });

  const create = (namespace: string, pod: Pod, query = ''): Promise<Reply> =>
    plane.request('POST', `/api/v1/namespaces/${namespace}/pods${query}`, pod);

  /** The pod as it was stored, and what became of it each time that we were called. */
  const created = async (namespace: string, pod: Pod): Promise<{ pod: Pod; results: unknown[] }> => {
    const { status, body } = await create(namespace, pod);
    assert.equal(status, 201, body.message);
    const lines = await webhook.process.settledLogs();
    const ours = lines.filter((line) => line.message === 'admission' && line.pod === pod.metadata.name);
    return { pod: body, results: ours.map(({ result }) => result) };
  };

  /** Without a user, as on OpenShift. */
  const unowned = (name: string, annotations: Record<string, string> = {}): Pod =>
    appPod(
      { name },
      { ...INJECT, ...annotations },
      {
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      },
    );

  test('OpenShift: the sidecar runs as the user that the namespace gives, which nobody takes away again', async () => {
    const refused = await create('unranged', unowned('no-range'));
    assert.match(refused.body.message, /refused as on openshift/, 'the rule would refuse a user of our own');
    const { pod, results } = await created('openshift', unowned('ranged'));
    const { securityContext } = sidecarOf(pod);
    assert.equal(securityContext.runAsUser, GIVEN_USER);
    assert.equal(securityContext.runAsGroup, undefined);
    assert.equal(securityContext.runAsNonRoot, true);
    assert.deepEqual(results, ['injected', 'unchanged']);
    // An ordinary sidecar too.
    const ordinary = await created(
      'openshift',
      unowned('ordinary', { 'rollcall.dev/native-sidecar': 'false' }),
    );
    assert.equal(ordinary.pod.spec.containers[0]!.name, 'rollcall');
    assert.equal(sidecarOf(ordinary.pod).securityContext.runAsUser, GIVEN_USER);
    assert.deepEqual(ordinary.results, ['injected', 'unchanged']);
  });

  test('EKS Fargate: the sidecar requests what it is limited to, in a pod that does and in one that does not', async () => {
    const same = appPod({ name: 'same' }, INJECT);
    Object.assign(same.spec.containers[0]!, { resources: SAME });
    const { pod } = await created('fargate', same);
    assert.equal(pod.spec.schedulerName, 'fargate-scheduler');
    await plane.must(
      'PATCH',
      '/api/v1/namespaces/fargate',
      { metadata: { labels: { [RULE_LABEL]: 'none' } } },
      {
        'content-type': 'application/merge-patch+json',
      },
    );
    // The API server hears of the label a moment later.
    const other = await eventually('a pod without resources', async () => {
      const reply = await create('fargate', appPod({ name: 'other' }, INJECT));
      return reply.status === 201 ? (reply.body as Pod) : undefined;
    });
    for (const one of [pod, other]) {
      const { requests, limits } = sidecarOf(one).resources;
      assert.deepEqual([requests, limits], Array(2).fill({ cpu: '100m', memory: '128Mi' }));
    }
  });

  test('GKE Autopilot: what it raises stays, with and without the setting', async () => {
    for (const [name, annotations] of Object.entries({
      auto: {},
      guaranteed: { 'rollcall.dev/guaranteed': 'true' },
      own: { 'rollcall.dev/cpu-request': '300m', 'rollcall.dev/memory-request': '600Mi' },
    })) {
      const { pod, results } = await created('autopilot', appPod({ name }, { ...INJECT, ...annotations }));
      const asked = name === 'own' ? { ...AUTOPILOT, cpu: '300m', memory: '600Mi' } : AUTOPILOT;
      assert.deepEqual(sidecarOf(pod).resources, { requests: asked, limits: asked }, name);
      assert.deepEqual(results, ['injected', 'unchanged'], name);
      assert.equal(second.calls.get(`autopilot/${name}`), 1, `${name}: nothing was left to change`);
    }
  });

  test('a private registry: the image by its digest, from a mirror too, and the pull secret beside those of the account', async () => {
    const secrets = { imagePullSecrets: [{ name: 'own' }] };
    const type = { 'content-type': 'application/merge-patch+json' };
    await plane.must('PATCH', '/api/v1/namespaces/plain/serviceaccounts/default', secrets, type);
    await eventually('the secrets of the account', async () => {
      const { body } = await create('plain', appPod({ name: 'probe' }), '?dryRun=All');
      return body.spec.imagePullSecrets?.length === 1;
    });
    const { pod } = await created('plain', appPod({ name: 'pulled' }, INJECT));
    assert.equal(sidecarOf(pod).image, IMAGE);
    assert.deepEqual(pod.spec.imagePullSecrets, [{ name: 'own' }, { name: 'registry' }]);
    const mirrored = await created('mirror', appPod({ name: 'mirrored' }, INJECT));
    assert.equal(sidecarOf(mirrored.pod).image, MIRRORED);
    assert.deepEqual(mirrored.pod.spec.imagePullSecrets, [{ name: 'registry' }]);
    assert.deepEqual(mirrored.results, ['injected', 'unchanged']);
  });

  test('AKS: its enforcer finds nothing to add when all is applied again, and leaves an older configuration after one change', async (t) => {
    const path = `${CONFIGURATIONS}/rollcall`;
    const enforcer = new AksEnforcer(plane, path, 20);
    t.after(() => enforcer.stop());
    const looked = async () => {
      const { looks } = enforcer;
      await eventually('two more looks', () => enforcer.looks > looks + 1);
    };
    await looked();
    await install(plane, `https://127.0.0.1:${webhook.port}/mutate`);
    await looked();
    assert.equal(enforcer.writes, 0);

    // An older configuration lacks the terms: they are added once, and publishing the certificates keeps them.
    const { webhooks } = await plane.must('GET', path);
    const isTheirs = ({ key }: { key: string }) => AKS_TERMS.some((term) => term.key === key);
    const without = webhooks.map(
      (entry: { name: string; namespaceSelector: { matchExpressions: { key: string }[] } }) => ({
        name: entry.name,
        namespaceSelector: {
          matchExpressions: entry.namespaceSelector.matchExpressions.filter((term) => !isTheirs(term)),
        },
        clientConfig: { caBundle: 'AAAA' },
      }),
    );
    const type = { 'content-type': 'application/strategic-merge-patch+json' };
    await plane.must('PATCH', path, { webhooks: without }, type);
    await eventually('the terms', () => enforcer.writes === 1);
    await webhook.restart();
    await eventually('the certificates', async () => (await webhook.caBundle()) !== 'AAAA');
    await looked();
    assert.equal(enforcer.writes, 1);
  });

  test('EKS with another network plugin: the port of the chart is that of the node', {
    skip: missing('helm'),
  }, async () => {
    const { spec } = byName(await chart({ hostNetwork: true, port: 9443 }))['Deployment rollcall'];
    await plane.ensureNamespace('node-network', { 'pod-security.kubernetes.io/enforce': 'privileged' });
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...spec.template.metadata, name: 'webhook' },
      spec: { ...spec.template.spec, serviceAccountName: 'default', priorityClassName: undefined },
    };
    const { status, body } = await create('node-network', pod as unknown as Pod, '?dryRun=All');
    assert.equal(status, 201, body.message);
    const [{ ports, args }] = body.spec.containers;
    assert.deepEqual([ports[0].containerPort, ports[0].hostPort], [9443, 9443]);
    assert.ok(args.includes('--port=9443'));
  });

  test('the commands of docs/platforms.md are accepted', { skip: missing('helm') }, async () => {
    const commands = platformSections.flatMap((section) => section.commands);
    assert.ok(commands.length >= 6, String(commands.length));
    const environment = { ...process.env, KUBECONFIG: plane.kubeconfig };
    await inParallel(commands, 2, (command) => {
      // Nothing makes pods here, and what is installed was applied by kubectl.
      const tried = command.startsWith('helm ')
        ? `${command.replace(' --wait', '')} --dry-run=server --take-ownership`
        : command;
      return promisify(execFile)('sh', ['-ec', tried], { cwd: ROOT, env: environment });
    });
  });
});
