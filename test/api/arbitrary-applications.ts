/** Pods that an API server takes, or nearly always, with no word of Rollcall. */

import fc from 'fast-check';
import type { Pod } from './app-pod.ts';
import { containers, optional, resources, volumes } from './arbitrary-containers.ts';
import type { Profile } from './twin-namespaces.ts';

export function applications(profile: Profile): fc.Arbitrary<Pod> {
  const parsed = <T>(value: T): T => JSON.parse(JSON.stringify(value));
  return fc
    .oneof({ weight: 24, arbitrary: linuxPods(profile) }, { weight: 1, arbitrary: windowsPods(profile) })
    .map(parsed);
}

const roomy = [
  { requests: { cpu: '4', memory: '4Gi' }, limits: { cpu: '8', memory: '8Gi' } },
  { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '8', memory: '8Gi' } },
];

/** What the API server fills in is what the containers have, and a LimitRange may ask for more. */
const anyOfPod = fc.constantFrom<object[]>(
  ...roomy,
  { limits: { cpu: '8', memory: '8Gi' } },
  { requests: { cpu: '4', memory: '4Gi' } },
  { limits: { memory: '8Gi' } },
  { requests: { cpu: '4' }, limits: { cpu: '8' } },
);

const toleration = fc.constantFrom(
  { operator: 'Exists' },
  { key: 'zone', operator: 'Equal', value: 'a', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 },
);

const term = (key: string, value: string) => ({
  matchExpressions: [{ key, operator: 'In', values: [value] }],
});
const nodes = (...terms: object[]) => ({
  nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
});
const apart = {
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { labelSelector: { matchLabels: { app: 'app' } }, topologyKey: 'kubernetes.io/hostname' },
    ],
  },
};

/** What is of the pod as a whole. */
function ofSpec({ level, limits }: Profile) {
  const ofPod = limits ? fc.constantFrom(...roomy) : anyOfPod;
  const fields = optional({
    restartPolicy: fc.constantFrom('Always', 'OnFailure', 'Never'),
    terminationGracePeriodSeconds: fc.constantFrom(0, 1, 30, 600, 1_000_000),
    activeDeadlineSeconds: fc.constant(600),
    serviceAccountName: fc.constantFrom('default', 'mine'),
    automountServiceAccountToken: fc.boolean(),
    imagePullSecrets: fc.constant([{ name: 'pull' }]),
    shareProcessNamespace: fc.boolean(),
    nodeSelector: fc.constantFrom({ 'kubernetes.io/os': 'linux' }, { disk: 'ssd' }),
    affinity: fc.constantFrom(
      nodes(term('kubernetes.io/os', 'linux')),
      nodes(term('kubernetes.io/os', 'windows'), term('disk', 'ssd')),
      apart,
    ),
    tolerations: fc.array(toleration, { maxLength: 2 }),
    os: fc.constant({ name: 'linux' }),
    dnsPolicy: fc.constantFrom('ClusterFirst', 'Default', 'ClusterFirstWithHostNet'),
    dnsConfig: fc.constant({ options: [{ name: 'ndots', value: '2' }] }),
    hostAliases: fc.constant([{ ip: '10.0.0.1', hostnames: ['a'] }]),
    enableServiceLinks: fc.boolean(),
    schedulingGates: fc.constant([{ name: 'example.com/gate' }]),
    readinessGates: fc.constant([{ conditionType: 'example.com/ready' }]),
    topologySpreadConstraints: fc.constant([
      { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} },
    ]),
  });
  const rarely = optional({ hostname: fc.constant('app-0'), subdomain: fc.constant('app') });
  const ofNode = optional({
    hostNetwork: fc.boolean(),
    hostIPC: fc.constant(true),
    hostUsers: fc.constant(true),
  });
  const none: fc.Arbitrary<object> = fc.constant({});
  return fc
    .tuple(
      fc.oneof({ weight: 3, arbitrary: thinned(fields) }, { weight: 1, arbitrary: fields }),
      rarely,
      level === 'privileged' ? ofNode : none,
      fc.oneof(
        { weight: 5, arbitrary: none },
        { weight: 1, arbitrary: ofPod.map((all) => ({ resources: all })) },
      ),
    )
    .map((parts) => Object.assign({}, ...parts));
}

/** Few of the fields: all that are left out say nothing of what the others do alone. */
function thinned(fields: fc.Arbitrary<object>): fc.Arbitrary<object> {
  return fc
    .tuple(fields, fc.array(fc.nat(30), { maxLength: 4 }))
    .map(([all, kept]) => Object.fromEntries(Object.entries(all).filter((_, index) => kept.includes(index))));
}

const metadata = optional({
  labels: fc.constantFrom({ app: 'app' }, { 'app.kubernetes.io/name': 'app', empty: '' }),
  annotations: fc.constantFrom(
    {},
    { 'example.com/a_b.c': '{"a":"b/c~1"}' },
    { 'kubectl.kubernetes.io/default-container': 'app-0' },
  ),
});

function linuxPods(profile: Profile): fc.Arbitrary<Pod> {
  return volumes(profile).chain((available) =>
    fc
      .record({
        metadata,
        spec: ofSpec(profile),
        main: containers(profile, available, 'app'),
        init: containers(profile, available, 'init'),
        beside: containers(profile, available, 'beside'),
        besideFirst: fc.boolean(),
      })
      .map(({ metadata: of, spec, main, init, beside, besideFirst }): Pod => {
        const inits = besideFirst ? [...beside, ...init] : [...init, ...beside];
        return {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: of,
          spec: {
            ...spec,
            containers: main,
            ...(inits.length > 0 ? { initContainers: inits } : {}),
            ...(available.length > 0 ? { volumes: available } : {}),
          },
        };
      }),
  );
}

/** Half of what a pod may say is forbidden there. */
function windowsPods(profile: Profile): fc.Arbitrary<Pod> {
  const main = resources(profile).map((all) => ({
    name: 'app-0',
    image: 'app:1-nanoserver',
    resources: all,
    securityContext: { runAsNonRoot: true },
  }));
  return fc.record({ main, metadata }).map(({ main: one, metadata: of }) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: of,
    spec: { os: { name: 'windows' }, containers: [one], securityContext: { runAsNonRoot: true } },
  }));
}
