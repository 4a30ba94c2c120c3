/** Valid pods of many shapes, most of which are to be injected. */
import fc from 'fast-check';
import { MOUNT_PATH, NAME, TOKEN_PATH } from '../../src/inject/names.ts';
import type { Container, Pod, Volume, VolumeMount } from '../../src/inject/pod.ts';
import { often, podWords } from './arbitrary-words.ts';
import { planned, pod, tokenVolume } from './pods.ts';

const POOL: Volume[] = [
  tokenVolume('kube-api-access-aaaaa'),
  tokenVolume('kube-api-access-bbbbb'),
  { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
  { name: 'config', configMap: { name: 'config' } },
  { name: 'scratch', emptyDir: {} },
];

/** Rarely: an application that knows the volume, or has another under its name. */
const NAMED: Volume[] = [...planned().volumes, { name: NAME, configMap: { name: 'other' } }];

const PATHS = ['/data', '/etc/config', '/var/token'];
const OUR_PATHS = ['/run', MOUNT_PATH, `${MOUNT_PATH}/`, '/var/run/peers'];

const volumes = fc
  .tuple(fc.subarray(POOL), often(fc.constant(undefined), fc.constantFrom(...NAMED), 12))
  .map(([pool, named]) => structuredClone(named === undefined ? pool : [...pool, named]));

function mountsOf(available: Volume[]): fc.Arbitrary<VolumeMount[]> {
  if (available.length === 0) return fc.constant([]);
  const mount = fc.record(
    {
      name: fc.constantFrom(...available.map(({ name }) => name)),
      // The usual place of a token is met often, ours rarely.
      mountPath: fc.oneof(
        { weight: 60, arbitrary: fc.constant(TOKEN_PATH) },
        { weight: 60, arbitrary: fc.constantFrom(...PATHS) },
        { weight: 1, arbitrary: fc.constantFrom(...OUR_PATHS) },
      ),
      readOnly: fc.boolean(),
      subPath: fc.constantFrom('a', 'b'),
    },
    { requiredKeys: ['name', 'mountPath'] },
  );
  return fc.uniqueArray(mount, { selector: ({ mountPath }) => mountPath, maxLength: 4 });
}

const text = fc.string({ maxLength: 6 });
const probe = fc.record(
  {
    httpGet: fc.record({ path: fc.constantFrom('/', '/live'), port: fc.integer({ min: 1, max: 65535 }) }),
    periodSeconds: fc.integer({ min: 1, max: 60 }),
  },
  { requiredKeys: ['httpGet'] },
);
const RESTRICTED = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};
const BOTH = { cpu: '1', memory: '1Gi' };

function containerOf(available: Volume[], restricted: boolean): fc.Arbitrary<Omit<Container, 'name'>> {
  return fc.record(
    {
      image: fc.constantFrom('app:1', 'app:2'),
      volumeMounts: mountsOf(available),
      env: fc.array(fc.record({ name: fc.constantFrom('A', 'B'), value: text }), { maxLength: 2 }),
      resources: fc.constantFrom(
        {},
        { limits: { cpu: '1' } },
        { limits: BOTH },
        { requests: BOTH, limits: BOTH },
      ),
      livenessProbe: probe,
      lifecycle: fc.constant({ preStop: { sleep: { seconds: 1 } } }),
      securityContext: restricted ? fc.constant(RESTRICTED) : fc.constantFrom({}, { runAsUser: 0 }),
      args: fc.array(text, { maxLength: 2 }),
      ports: fc.constantFrom([], [{ containerPort: 8080 }], [{ containerPort: 17655 }]),
    },
    { requiredKeys: restricted ? ['image', 'securityContext'] : ['image'] },
  );
}

function containersOf(
  fields: fc.Arbitrary<Omit<Container, 'name'>>,
  prefix: string,
  minLength: number,
): fc.Arbitrary<Container[]> {
  return fc
    .array(fields, { minLength, maxLength: 3 })
    .map((all) => all.map((one, index) => ({ name: `${prefix}-${index}`, ...one })));
}

/** A container of our name, of an older version or of somebody else; it needs no volume of the pod. */
const namesake: fc.Arbitrary<Container> = often(
  fc.constant({ ...planned(pod()).sidecar, image: 'rollcall:0.0.9', volumeMounts: [] }),
  fc.constant({ name: NAME, image: 'other:1', command: ['sh'] }),
);

const metadata = fc.record(
  {
    name: fc.constant('db-0'),
    generateName: fc.constant('db-'),
    labels: fc.dictionary(text, text, { maxKeys: 2, noNullPrototype: true }),
    annotations: podWords,
  },
  { requiredKeys: ['name', 'annotations'] },
);

const account = fc.constantFrom('default', 'default', 'app', 'rollcall-watcher', undefined);

/** The shape of a pod as its controller or its author makes it. */
const shape = fc.record(
  {
    automountServiceAccountToken: fc.boolean(),
    nodeSelector: fc.constantFrom({ zone: 'a' }, { 'kubernetes.io/os': 'linux' }),
    os: often(fc.constant({ name: 'linux' }), fc.constant({ name: 'windows' }), 30),
    dnsPolicy: fc.constant('ClusterFirst'),
    hostNetwork: often(fc.constant(false), fc.constant(true), 4),
    shareProcessNamespace: fc.boolean(),
    restartPolicy: fc.constantFrom('Always', 'OnFailure', 'Never'),
    terminationGracePeriodSeconds: fc.constantFrom(0, 30, 600, 1_000_000),
    imagePullSecrets: fc.constant([{ name: 'registry' }]),
    resources: fc.constantFrom({ limits: BOTH }, { requests: { cpu: '1' } }, {}),
  },
  { requiredKeys: [] },
);

/** Pods as they are parsed from JSON, like every pod that comes in. */
export const pods: fc.Arbitrary<Pod> = volumes.chain(podsWith).map((one) => JSON.parse(JSON.stringify(one)));

/** Pods from which injection takes nothing away: they have no tokens, and nothing of ours. */
export const untouchedPods: fc.Arbitrary<Pod> = fc
  .subarray(POOL.slice(2))
  .chain(podsWith)
  .map((one) => JSON.parse(JSON.stringify(one)));

function podsWith(available: Volume[]): fc.Arbitrary<Pod> {
  return fc.boolean().chain((restricted) => {
    const fields = containerOf(available, restricted);
    return fc
      .record({
        metadata: often(metadata, fc.constant(undefined), 20),
        containers: containersOf(fields, 'app', 1),
        initContainers: often(containersOf(fields, 'init', 0), fc.constant(undefined), 1),
        namesake: often(fc.constant(undefined), namesake, 12),
        account,
        subdomain: often(fc.constant('db'), fc.constant(undefined), 12),
        volumes: fc.constant(available),
        shape,
      })
      .map(assembled);
  });
}

interface Parts {
  metadata: Pod['metadata'] | undefined;
  containers: Container[];
  initContainers: Container[] | undefined;
  namesake: Container | undefined;
  account: string | undefined;
  subdomain: string | undefined;
  volumes: Volume[];
  shape: object;
}

function assembled(parts: Parts): Pod {
  const { metadata: made, containers, initContainers, namesake: extra, account: name, subdomain } = parts;
  const inits = extra === undefined ? initContainers : [...(initContainers ?? []), extra];
  const spec = {
    containers,
    ...(inits === undefined ? {} : { initContainers: inits }),
    ...(parts.volumes.length === 0 ? {} : { volumes: parts.volumes }),
    ...(name === undefined ? {} : { serviceAccountName: name, serviceAccount: name }),
    ...(subdomain === undefined ? {} : { subdomain }),
    ...parts.shape,
  };
  return made === undefined ? { spec } : { metadata: made, spec };
}
