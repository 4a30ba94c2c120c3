/** Containers that an API server takes, and the volumes that they mount. */

import fc from 'fast-check';
import type { VolumeMount } from '../../src/inject/pod.ts';
import type { Container, Volume } from './app-pod.ts';
import type { Profile } from './twin-namespaces.ts';

/** All of these may be missing. */
export function optional<T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> {
  return fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
}

/** Seldom the same twice: of that the API server warns, and it cuts off what is too much. One in ten is ours. */
const port = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 1, max: 65_535 }) },
  { weight: 1, arbitrary: fc.constant(17_655) },
);

const handler = fc.oneof(
  fc.record({ httpGet: fc.record({ path: fc.constantFrom('/', '/live'), port }) }),
  fc.record({ tcpSocket: fc.record({ port }) }),
  fc.record({ grpc: fc.record({ port }) }),
  fc.constant({ exec: { command: ['true'] } }),
);

const probe = fc
  .tuple(
    handler,
    optional({ periodSeconds: fc.integer({ min: 1, max: 60 }), initialDelaySeconds: fc.nat(30) }),
  )
  .map(([how, when]) => ({ ...how, ...when }));

const ports = fc
  .uniqueArray(port, { minLength: 1, maxLength: 3 })
  .map((all) => all.map((containerPort) => ({ containerPort, name: `p-${containerPort}` })));

const variable = fc.oneof(
  fc.record({
    name: fc.constantFrom('A', 'B', 'NODE_OPTIONS'),
    value: fc.constantFrom('', 'x', '$(A)', '$$'),
  }),
  fc.constant({ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }),
  fc.constant({ name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } }),
  fc.constant({ name: 'KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'key', optional: true } } }),
);

const amounts = (cpu: fc.Arbitrary<string>, memory: fc.Arbitrary<string>) =>
  fc.record({ cpu, memory }, { noNullPrototype: true });

const little = amounts(fc.constantFrom('100m', '0.2'), fc.constantFrom('64Mi', '100M', '128Mi'));
const much = amounts(fc.constantFrom('250m', '0.5', '1'), fc.constantFrom('128Mi', '0.25Gi', '256Mi'));

/** Both resources in requests and limits, as a quota wants them. */
const complete = fc.oneof(
  fc.record({ requests: little, limits: much }),
  much.map((limits) => ({ limits })),
  much.map((all) => ({ requests: all, limits: all })),
);

const partial = fc.oneof(
  fc.constant({}),
  fc.record({ requests: little }),
  fc.constant({ limits: { cpu: '1' }, requests: { 'ephemeral-storage': '1Gi' } }),
  fc.constant({ requests: { memory: '100Mi' } }),
  fc.constant({ limits: { memory: '200Mi' } }),
);

export function resources({ quota, limits }: Profile) {
  return fc.oneof(
    { weight: quota && !limits ? 30 : 2, arbitrary: complete },
    { weight: 2, arbitrary: partial },
  );
}

const RESTRICTED = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

function securityContext({ level }: Profile) {
  const strict = optional({
    readOnlyRootFilesystem: fc.boolean(),
    runAsUser: fc.constantFrom(1000, 65532),
    capabilities: fc.constant({ drop: ['ALL'], add: ['NET_BIND_SERVICE'] }),
  }).map((more) => ({ ...RESTRICTED, ...more }));
  if (level === 'restricted') return strict;
  return fc.oneof(
    strict,
    fc.constantFrom({}, { privileged: true }, { runAsUser: 0 }, { procMount: 'Default' }),
  );
}

const template = {
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
};

const POOL: Volume[] = [
  { name: 'scratch', emptyDir: {} },
  { name: 'fast', emptyDir: { medium: 'Memory' } },
  { name: 'config', configMap: { name: 'config', items: [{ key: 'a', path: 'b/a' }] } },
  { name: 'maybe', configMap: { name: 'maybe', optional: true, defaultMode: 0o400 } },
  { name: 'keys', secret: { secretName: 'keys' } },
  { name: 'about', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
  { name: 'claim', persistentVolumeClaim: { claimName: 'claim' } },
  { name: 'own', ephemeral: { volumeClaimTemplate: template } },
  {
    name: 'token',
    projected: {
      sources: [
        { serviceAccountToken: { path: 'token', audience: 'db' } },
        { configMap: { name: 'config', optional: true } },
        { secret: { name: 'keys' } },
        { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
      ],
    },
  },
  { name: 'driver', csi: { driver: 'csi.example.com', readOnly: true } },
];
const OF_NODE: Volume[] = [
  { name: 'host', hostPath: { path: '/var/log' } },
  { name: 'share', nfs: { server: 'nfs.example.com', path: '/' } },
];

/** Some of what the pod security standard of the namespace allows; often none. */
export function volumes({ level }: Profile): fc.Arbitrary<Volume[]> {
  const allowed = level === 'privileged' ? [...POOL, ...OF_NODE] : POOL;
  return fc.oneof(fc.constant<Volume[]>([]), fc.subarray(allowed, { maxLength: 5 }));
}

/** The fourth hides what the container would get as its token. */
const PATHS = [
  '/data',
  '/run/app',
  '/etc/app/config',
  '/var/run/secrets/kubernetes.io/serviceaccount',
  '/run/rollcall-not',
];

function mountsOf(volumes: readonly Volume[]): fc.Arbitrary<VolumeMount[]> {
  if (volumes.length === 0) return fc.constant([]);
  const mount = fc.record(
    {
      name: fc.constantFrom(...volumes.map(({ name }) => name)),
      mountPath: fc.constantFrom(...PATHS),
      readOnly: fc.boolean(),
      subPath: fc.constantFrom('a', 'b/c'),
    },
    { requiredKeys: ['name', 'mountPath'], noNullPrototype: true },
  );
  return fc.uniqueArray(mount, { selector: ({ mountPath }) => mountPath, maxLength: 3 });
}

type Kind = 'app' | 'init' | 'beside';

function container(profile: Profile, volumes: readonly Volume[], kind: Kind) {
  const required = fc.record({
    image: fc.constantFrom('app:1', 'registry.example.com/team/app:2.1', `app@sha256:${'a1'.repeat(32)}`),
    securityContext: securityContext(profile),
    resources: resources(profile),
  });
  const any = optional({
    imagePullPolicy: fc.constantFrom('Always', 'Never', 'IfNotPresent'),
    command: fc.constant(['app', '$(A)']),
    args: fc.constant(['--peers', '/run/rollcall']),
    workingDir: fc.constant('/srv'),
    env: fc.array(variable, { maxLength: 3 }),
    envFrom: fc.constant([{ configMapRef: { name: 'config', optional: true } }]),
    terminationMessagePath: fc.constant('/tmp/end'),
    terminationMessagePolicy: fc.constantFrom('File', 'FallbackToLogsOnError'),
    volumeMounts: mountsOf(volumes),
  });
  const running = optional({
    ports,
    livenessProbe: probe,
    readinessProbe: probe,
    startupProbe: probe,
    lifecycle: fc.constant({ preStop: { httpGet: { path: '/', port: 8080 } } }),
    tty: fc.constant(true),
    resizePolicy: fc.constant([{ resourceName: 'cpu', restartPolicy: 'NotRequired' }]),
  });
  return fc.tuple(required, any, running).map(([base, more, alive]) => ({
    ...base,
    ...more,
    ...(kind === 'init' ? {} : alive),
    ...(kind === 'beside' ? { restartPolicy: 'Always' } : {}),
  }));
}

/** Up to three, of main containers at least one; those beside are native sidecars. */
export function containers(
  profile: Profile,
  volumes: readonly Volume[],
  kind: Kind,
): fc.Arbitrary<Container[]> {
  return fc
    .array(container(profile, volumes, kind), { minLength: kind === 'app' ? 1 : 0, maxLength: 3 })
    .map((all) => all.map((fields, index): Container => ({ ...fields, name: `${kind}-${index}` })));
}
