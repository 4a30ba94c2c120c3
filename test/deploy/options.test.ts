/** Each value of the chart: what it changes, and that it changes nothing else. */

import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import packageJson from '../../package.json' with { type: 'json' };
import { type Differences, difference } from './difference.ts';
import { byName, chart, lint, type Manifest, missing } from './rendered.ts';
import { VALUES } from './values-table.ts';

interface Case {
  about: string;
  set: object;
  changes: Differences;
}

const WEBHOOK = 'Deployment rollcall: spec.template.spec';
const CONTAINER = `${WEBHOOK}.containers.webhook`;
const ENTRY = 'MutatingWebhookConfiguration rollcall: webhooks.pods.rollcall.dev';
const LABELLED = 'MutatingWebhookConfiguration rollcall: webhooks.namespaces.rollcall.dev';
const POLICY = 'NetworkPolicy rollcall: spec';
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
/** Behind the names, and the two of AKS. */
const TERM = 'namespaceSelector.matchExpressions.3';

const image = (name: string): Differences => ({
  [`${CONTAINER}.image`]: name,
  [`${CONTAINER}.env.ROLLCALL_IMAGE.value`]: name,
});
const arg = (text: string, index = 1): Differences => ({ [`${CONTAINER}.args.${index}`]: text });
const term = (value: object): Differences => ({
  [`${ENTRY}.${TERM}`]: value,
  [`${LABELLED}.${TERM}`]: value,
});
const added = (...names: string[]): Differences => Object.fromEntries(names.map((name) => [name, 'added']));
const removed = (...names: string[]): Differences =>
  Object.fromEntries(names.map((name) => [name, 'removed']));
const guaranteed: Differences = {
  [`${CONTAINER}.resources.requests.cpu`]: '250m',
  [`${CONTAINER}.resources.requests.memory`]: '384Mi',
  [`${CONTAINER}.resources.limits.cpu`]: '250m',
};

const mounted = (secretName: string): Differences => ({
  [`${CONTAINER}.volumeMounts`]: [{ name: 'tls', mountPath: '/etc/rollcall/tls', readOnly: true }],
  [`${WEBHOOK}.volumes`]: [{ name: 'tls', secret: { secretName } }],
});
/** The differences without the rights to the Secret and to the configuration. */
const withoutRights = removed(
  'ClusterRole rollcall-webhook-certificates',
  'ClusterRoleBinding rollcall-webhook-certificates',
  'Role rollcall-webhook',
  'RoleBinding rollcall-webhook',
);
const issued = added(
  'Issuer rollcall-self-signed',
  'Certificate rollcall-ca',
  'Issuer rollcall-ca',
  'Certificate rollcall',
);
const injectedFrom = (certificate: string): Differences => ({
  'MutatingWebhookConfiguration rollcall: metadata.annotations': {
    'cert-manager.io/inject-ca-from': certificate,
  },
});

const CASES: readonly Case[] = [
  { about: 'more replicas', set: { replicas: 3 }, changes: { 'Deployment rollcall: spec.replicas': 3 } },
  {
    about: 'one replica, which no budget may keep from leaving',
    set: { replicas: 1 },
    changes: { 'Deployment rollcall: spec.replicas': 1, ...removed('PodDisruptionBudget rollcall') },
  },
  {
    about: 'an image of another registry',
    set: { image: { repository: 'registry.example/team/rollcall' } },
    changes: image(`registry.example/team/rollcall:${packageJson.version}`),
  },
  { about: 'another tag', set: { image: { tag: '1.2.3' } }, changes: image('rollcall:1.2.3') },
  {
    about: 'an image by its digest',
    set: { image: { digest: DIGEST, tag: '1.2.3' } },
    changes: image(`rollcall@${DIGEST}`),
  },
  {
    about: 'when the image is pulled',
    set: { image: { pullPolicy: 'Always' } },
    changes: { [`${CONTAINER}.imagePullPolicy`]: 'Always' },
  },
  {
    about: 'an image with a shell',
    set: { shellImage: 'registry.example/rollcall-shell:1' },
    changes: arg('--shell-image=registry.example/rollcall-shell:1'),
  },
  {
    about: 'pull secrets',
    set: { imagePullSecrets: [{ name: 'registry' }] },
    changes: { [`${WEBHOOK}.imagePullSecrets`]: [{ name: 'registry' }] },
  },
  {
    about: 'pull secrets of the sidecars',
    set: { sidecarPullSecrets: ['registry'] },
    changes: arg('--image-pull-secret=registry'),
  },
  {
    about: 'OpenShift, which gives uids itself',
    set: { platform: 'openshift' },
    changes: {
      [`${CONTAINER}.securityContext.runAsUser`]: undefined,
      [`${CONTAINER}.securityContext.runAsGroup`]: undefined,
      ...added('ClusterRole rollcall-webhook-owner', 'ClusterRoleBinding rollcall-webhook-owner'),
    },
  },
  { about: 'GKE Autopilot', set: { platform: 'autopilot' }, changes: guaranteed },
  { about: 'EKS Fargate', set: { platform: 'fargate' }, changes: guaranteed },
  {
    about: 'a port that private GKE clusters reach',
    set: { port: 10250 },
    changes: {
      ...arg('--port=10250'),
      [`${CONTAINER}.ports.https.containerPort`]: 10250,
      [`${POLICY}.ingress.0.ports.0.port`]: 10250,
    },
  },
  {
    about: 'the network of the node, where a roll-out needs the port of the replica before',
    set: { hostNetwork: true, port: 9443 },
    changes: {
      ...arg('--port=9443'),
      [`${CONTAINER}.ports.https.containerPort`]: 9443,
      [`${POLICY}.ingress.0.ports.0.port`]: 9443,
      [`${WEBHOOK}.hostNetwork`]: true,
      [`${WEBHOOK}.dnsPolicy`]: 'ClusterFirstWithHostNet',
      'Deployment rollcall: spec.strategy.rollingUpdate.maxUnavailable': 1,
      'Deployment rollcall: spec.strategy.rollingUpdate.maxSurge': 0,
    },
  },
  {
    about: 'pods that ask start while no webhook answers',
    set: { failurePolicy: 'Ignore' },
    changes: { [`${ENTRY}.failurePolicy`]: 'Ignore' },
  },
  {
    about: 'the API server looks that pods were injected',
    set: { requireInjection: true },
    changes: added(
      'ValidatingAdmissionPolicy rollcall-require-injection',
      'ValidatingAdmissionPolicyBinding rollcall-require-injection',
    ),
  },
  {
    about: 'some namespaces only',
    set: { namespaces: ['first', 'second'] },
    changes: term({ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['first', 'second'] }),
  },
  {
    about: 'more namespaces that are left out',
    set: { excludedNamespaces: ['calico-system'] },
    changes: {
      [`${ENTRY}.namespaceSelector.matchExpressions.0.values.4`]: 'calico-system',
      [`${LABELLED}.namespaceSelector.matchExpressions.0.values.4`]: 'calico-system',
    },
  },
  {
    about: 'more terms of namespaces',
    set: { namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'Exists' }] } },
    changes: term({ key: 'team', operator: 'Exists' }),
  },
  { about: 'certificates of its own', set: { certificates: { source: 'selfManaged' } }, changes: {} },
  {
    about: 'a certificate in a Secret that somebody keeps, and the CA to trust',
    set: { certificates: { source: 'files', secretName: 'mine', caBundle: 'PEM' } },
    changes: {
      ...arg('--certificates=files'),
      ...mounted('mine'),
      ...withoutRights,
      [`${ENTRY}.clientConfig.caBundle`]: 'UEVN',
      [`${LABELLED}.clientConfig.caBundle`]: 'UEVN',
    },
  },
  {
    about: 'a certificate of cert-manager',
    set: { certificates: { source: 'certManager' } },
    changes: {
      ...arg('--certificates=cert-manager'),
      ...mounted('rollcall-cert'),
      ...withoutRights,
      ...issued,
      ...injectedFrom('rollcall-system/rollcall'),
    },
  },
  {
    about: 'a certificate of cert-manager, from an issuer of the user',
    set: { certificates: { source: 'certManager', secretName: 'mine', certManager: { certificate: 'own' } } },
    changes: {
      ...arg('--certificates=cert-manager'),
      ...mounted('mine'),
      ...withoutRights,
      ...injectedFrom('rollcall-system/own'),
    },
  },
  {
    about: 'a step to cert-manager: its CA is trusted as well',
    set: { certificates: { certManager: { prepare: true } } },
    changes: { ...arg('--tls-ca-file=/etc/rollcall/tls/ca.crt'), ...mounted('rollcall-cert'), ...issued },
  },
  {
    about: 'the next step: its certificate is served',
    set: { certificates: { source: 'certManager', certManager: { inject: false } } },
    changes: {
      ...arg('--certificates=cert-manager'),
      ...mounted('rollcall-cert'),
      ...withoutRights,
      ...issued,
    },
  },
  {
    about: 'defaults of all pods',
    set: { defaults: { 'rollcall.dev/wait-for': '3', 'rollcall.dev/cpu-request': '20m' } },
    changes: {
      ...arg('--default=rollcall.dev/cpu-request=20m', 1),
      ...arg('--default=rollcall.dev/wait-for=3', 2),
    },
  },
  {
    about: 'more flags, behind those of other values',
    set: { port: 9443, extraArgs: ['--native-sidecars=false', '--client-name="odd: one"'] },
    changes: {
      ...arg('--port=9443'),
      ...arg('--native-sidecars=false', 2),
      ...arg('--client-name="odd: one"', 3),
      [`${CONTAINER}.ports.https.containerPort`]: 9443,
      [`${POLICY}.ingress.0.ports.0.port`]: 9443,
    },
  },
  {
    about: 'resources of its own, in place of all others',
    set: { platform: 'fargate', resources: { requests: { memory: '1Gi' } } },
    changes: {
      [`${CONTAINER}.resources.requests.cpu`]: undefined,
      [`${CONTAINER}.resources.requests.memory`]: '1Gi',
      [`${CONTAINER}.resources.limits`]: undefined,
    },
  },
  {
    about: 'replicas that must be on two nodes and in two zones',
    set: { topologySpread: { nodes: 'DoNotSchedule', zones: 'DoNotSchedule' } },
    changes: {
      [`${WEBHOOK}.topologySpreadConstraints.0.whenUnsatisfiable`]: 'DoNotSchedule',
      [`${WEBHOOK}.topologySpreadConstraints.1`]: {
        topologyKey: 'topology.kubernetes.io/zone',
        maxSkew: 1,
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'rollcall' } },
        matchLabelKeys: ['pod-template-hash'],
      },
      [`${WEBHOOK}.affinity`]: undefined,
    },
  },
  {
    about: 'where its pods may be',
    set: {
      nodeSelector: { pool: 'system' },
      tolerations: [{ key: 'dedicated', operator: 'Exists' }],
      affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
    },
    changes: {
      [`${WEBHOOK}.nodeSelector.pool`]: 'system',
      [`${WEBHOOK}.tolerations`]: [{ key: 'dedicated', operator: 'Exists' }],
      [`${WEBHOOK}.affinity.nodeAffinity`]: { preferredDuringSchedulingIgnoredDuringExecution: [] },
    },
  },
  {
    about: 'an affinity in place of that by zone',
    set: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [] } } },
    changes: {
      [`${WEBHOOK}.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution`]: undefined,
      [`${WEBHOOK}.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution`]: [],
    },
  },
  {
    about: 'what is written on its pods',
    set: { podLabels: { team: 'platform' }, podAnnotations: { 'example.com/scrape': 'true' } },
    changes: {
      'Deployment rollcall: spec.template.metadata.labels.team': 'platform',
      'Deployment rollcall: spec.template.metadata.annotations': { 'example.com/scrape': 'true' },
    },
  },
  {
    about: 'a priority class that is there already',
    set: { priorityClass: { create: false, name: 'system-cluster-critical' } },
    changes: {
      [`${WEBHOOK}.priorityClassName`]: 'system-cluster-critical',
      ...removed('PriorityClass rollcall-webhook'),
    },
  },
  {
    about: 'no priority class',
    set: { priorityClass: { name: '' } },
    changes: { [`${WEBHOOK}.priorityClassName`]: undefined, ...removed('PriorityClass rollcall-webhook') },
  },
  {
    about: 'no budget of disruptions',
    set: { podDisruptionBudget: { enabled: false } },
    changes: removed('PodDisruptionBudget rollcall'),
  },
  {
    about: 'no network policy',
    set: { networkPolicy: { enabled: false } },
    changes: removed('NetworkPolicy rollcall'),
  },
  {
    about: 'a network policy with the addresses of this cluster',
    set: { networkPolicy: { from: [{ ipBlock: { cidr: '10.0.0.0/24' } }], apiServerPorts: [7443] } },
    changes: {
      [`${POLICY}.ingress.0.from`]: [{ ipBlock: { cidr: '10.0.0.0/24' } }],
      [`${POLICY}.egress.0.ports.0.port`]: 7443,
      ...Object.fromEntries([1, 2, 3].map((index) => [`${POLICY}.egress.0.ports.${index}`, undefined])),
    },
  },
  {
    about: 'no priority levels',
    set: { flowControl: { enabled: false } },
    changes: removed(
      'PriorityLevelConfiguration rollcall-webhook',
      'PriorityLevelConfiguration rollcall-watchers',
      'FlowSchema rollcall-webhook',
      'FlowSchema rollcall-watchers',
    ),
  },
  {
    about: 'metrics for the Prometheus operator',
    set: {
      metrics: { serviceMonitor: { enabled: true, labels: { release: 'prometheus' }, interval: '15s' } },
    },
    changes: added('ServiceMonitor rollcall'),
  },
];

/** Values that nobody may set, and the place that Helm's message names. */
const REFUSED: readonly [about: string, set: object, names: RegExp][] = [
  ['a value that there is not', { replica: 3 }, /replica/],
  ['a value that there is not, in a group', { image: { name: 'x' } }, /image/],
  ['no replica', { replicas: 0 }, /replicas/],
  ['a port that only root may listen on', { port: 443 }, /port/],
  ['a platform that is not known', { platform: 'aks' }, /platform/],
  ['a failure policy that is not known', { failurePolicy: 'fail' }, /failurePolicy/],
  ['a digest that is none', { image: { digest: 'sha256:abc' } }, /digest/],
  ['a default that is no annotation of Rollcall', { defaults: { 'wait-for': '3' } }, /wait-for/],
  ['a default that there is not', { defaults: { 'rollcall.dev/wait': '3' } }, /rollcall\.dev\/wait/],
  ['a default that only a pod may have', { defaults: { 'rollcall.dev/inject': 'true' } }, /dev\/inject/],
  ['a flag that there is not', { extraArgs: ['--log-levle=debug'] }, /log-levle/],
  ['a default that is no text', { defaults: { 'rollcall.dev/wait-for': 3 } }, /wait-for/],
  ['a namespace that is no name', { namespaces: ['Team A'] }, /namespaces/],
];

suite('values of the chart', { skip: missing('helm') }, () => {
  let plain: Manifest[];

  before(async () => {
    plain = await chart();
  });

  for (const { about, set, changes } of CASES) {
    test(about, async () => {
      assert.deepEqual(difference(plain, await chart(set)), changes);
    });
  }

  for (const [about, set, names] of REFUSED) {
    test(`refused: ${about}`, async () => {
      await assert.rejects(chart(set), (error: Error) => {
        assert.match(error.message, /values don't meet the specifications of the schema/);
        assert.match(error.message, names);
        return true;
      });
    });
  }

  const INCOMPLETE: readonly [about: string, certificates: object, says: RegExp][] = [
    [
      'files without their Secret',
      { source: 'files' },
      /certificates.secretName: it is empty; with the source/,
    ],
    [
      'a Certificate without its Secret',
      { source: 'certManager', certManager: { certificate: 'own' } },
      /certificates.secretName: it is empty; name the Secret of/,
    ],
    ['a CA that somebody else writes', { caBundle: 'PEM' }, /certificates.caBundle: it counts with/],
  ];

  for (const [about, certificates, says] of INCOMPLETE) {
    test(`refused: ${about}`, () => assert.rejects(chart({ certificates }), says));
  }

  test('every value is in a case', () => {
    const set = CASES.flatMap((one) => pathsOf(one.set));
    const uncovered = VALUES.filter(
      ({ path }) => !set.some((one) => one === path || one.startsWith(`${path}.`)),
    );
    assert.deepEqual(
      uncovered.map(({ path }) => path),
      [],
    );
  });

  test('all at once, helm lint has nothing to say', async () => {
    const everything = { requireInjection: true, metrics: { serviceMonitor: { enabled: true } } };
    assert.match(await lint({ ...everything, platform: 'openshift' }), /0 chart\(s\) failed/);
  });

  test('a chart that is upgraded leaves certificates and owner to the webhook', () => {
    const { metadata, webhooks } = byName(plain)['MutatingWebhookConfiguration rollcall'];
    assert.equal(metadata.ownerReferences, undefined);
    for (const { clientConfig } of webhooks) assert.equal(clientConfig.caBundle, undefined);
  });

  test('in another namespace nothing speaks of rollcall-system', async () => {
    const set = {
      requireInjection: true,
      platform: 'openshift',
      metrics: { serviceMonitor: { enabled: true } },
    };
    const objects = await chart(set, '123');
    assert.doesNotMatch(JSON.stringify(objects), /rollcall-system/);
    for (const object of objects) {
      const { kind, metadata } = object;
      assert.ok([undefined, '123'].includes(metadata.namespace), `${kind} ${metadata.name}`);
    }
    const policy = byName(objects)['ValidatingAdmissionPolicy rollcall-webhook-secrets'];
    assert.match(JSON.stringify(policy), /system:serviceaccount:123:rollcall/);
  });

  test('metrics are read with the certificate checked, and found by the labels that were given', async () => {
    const serviceMonitor = { enabled: true, labels: { release: 'prometheus' }, interval: '15s' };
    const objects = await chart({ metrics: { serviceMonitor } });
    const monitor = byName(objects)['ServiceMonitor rollcall'];
    assert.equal(monitor.metadata.labels.release, 'prometheus');
    assert.equal(monitor.spec.endpoints[0].interval, '15s');
    assert.deepEqual(monitor.spec.endpoints[0].tlsConfig, {
      serverName: 'rollcall.rollcall-system.svc',
      ca: { secret: { name: 'rollcall-tls', key: 'ca.crt' } },
    });
    const service = byName(plain)['Service rollcall'];
    const wanted = Object.entries(monitor.spec.selector.matchLabels);
    for (const [key, value] of wanted) assert.equal(service.metadata.labels[key], value);
    assert.equal(service.spec.ports[0].name, monitor.spec.endpoints[0].port);
  });
});

function pathsOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([key, inner]) =>
    pathsOf(inner, path === '' ? key : `${path}.${key}`),
  );
}
