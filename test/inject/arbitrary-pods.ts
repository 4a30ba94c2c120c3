/** Valid pods of many shapes, most of which are to be injected. */
import fc from 'fast-check';
import { keys } from '../../src/inject/annotations.ts';
import type { Context } from '../../src/inject/inject.ts';
import { MOUNT_PATH, NAME, volumes as ourVolumes, plan, TOKEN_PATH } from '../../src/inject/plan.ts';
import type { Container, Pod, Volume, VolumeMount } from '../../src/inject/pod.ts';
import { INSTALL, labelled, plain, pod, tokenVolume } from './pods.ts';

export const contexts: fc.Arbitrary<Context> = fc.record({
  namespace: fc.constantFrom(plain, labelled),
  install: fc.constant(INSTALL),
  dryRun: fc.boolean(),
});

const POOL: Volume[] = [
  tokenVolume('kube-api-access-aaaaa'),
  tokenVolume('kube-api-access-bbbbb'),
  { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
  { name: 'config', configMap: { name: 'config' } },
  { name: 'scratch', emptyDir: {} },
];

/** Rarely: an application that knows the volume, or has another under its name. */
const NAMED: Volume[] = [...ourVolumes(), { name: NAME, configMap: { name: 'other' } }];

const PATHS = ['/data', '/etc/config', '/var/token', '/run'];
const OUR_PATHS = [MOUNT_PATH, `${MOUNT_PATH}/`];

const volumes = fc
  .tuple(fc.subarray(POOL), fc.option(fc.constantFrom(...NAMED), { freq: 8 }))
  .map(([pool, named]) => structuredClone(named === null ? pool : [...pool, named]));

function mountsOf(available: Volume[]): fc.Arbitrary<VolumeMount[]> {
  if (available.length === 0) return fc.constant([]);
  const mount = fc.record(
    {
      name: fc.constantFrom(...available.map(({ name }) => name)),
      // The usual place of a token is met often, ours rarely.
      mountPath: fc.oneof(
        { weight: 20, arbitrary: fc.constant(TOKEN_PATH) },
        { weight: 20, arbitrary: fc.constantFrom(...PATHS) },
        { weight: 1, arbitrary: fc.constantFrom(...OUR_PATHS) },
      ),
      readOnly: fc.boolean(),
      subPath: fc.constantFrom('a', 'b'),
    },
    { requiredKeys: ['name', 'mountPath'] },
  );
  return fc.uniqueArray(mount, { selector: ({ mountPath }) => mountPath, maxLength: 4 });
}

/** Five times in six the first. */
function often<A, B>(usual: fc.Arbitrary<A>, other: fc.Arbitrary<B>): fc.Arbitrary<A | B> {
  return fc.oneof({ weight: 5, arbitrary: usual }, { weight: 1, arbitrary: other });
}

const text = fc.string({ maxLength: 6 });
const probe = fc.record(
  {
    httpGet: fc.record({ path: fc.constantFrom('/', '/live'), port: fc.integer({ min: 1, max: 65535 }) }),
    periodSeconds: fc.integer({ min: 1, max: 60 }),
  },
  { requiredKeys: ['httpGet'] },
);

function containerOf(available: Volume[]): fc.Arbitrary<Omit<Container, 'name'>> {
  return fc.record(
    {
      image: fc.constantFrom('app:1', 'app:2'),
      volumeMounts: mountsOf(available),
      env: fc.array(fc.record({ name: fc.constantFrom('A', 'B'), value: text }), { maxLength: 2 }),
      resources: fc.constantFrom({}, { limits: { cpu: '1' } }),
      livenessProbe: probe,
      lifecycle: fc.constant({ preStop: { sleep: { seconds: 1 } } }),
      securityContext: fc.constantFrom({}, { runAsUser: 0 }),
      args: fc.array(text, { maxLength: 2 }),
    },
    { requiredKeys: ['image'] },
  );
}

function containersOf(available: Volume[], prefix: string, minLength: number): fc.Arbitrary<Container[]> {
  return fc
    .array(containerOf(available), { minLength, maxLength: 3 })
    .map((all) => all.map((fields, index) => ({ name: `${prefix}-${index}`, ...fields })));
}

/** One of our name, as planned or as somebody else would have it; it needs no volume of the pod. */
const namesake: fc.Arbitrary<Container> = fc.constantFrom(
  { ...plan(pod(), { service: 'db' }, INSTALL, false).sidecar, volumeMounts: [] },
  { name: NAME, image: 'other:1', command: ['sh'] },
);

const annotations = fc
  .tuple(
    fc.dictionary(
      fc.oneof(text, fc.constantFrom('constructor', 'toString', 'a/b', 'a~b', 'a~1b', keys.status.key)),
      text,
      { maxKeys: 3, noNullPrototype: true },
    ),
    often(fc.constant('true'), fc.constantFrom('false', 'yes', undefined)),
    often(fc.constantFrom('db', 'cache'), fc.constantFrom('NO', undefined)),
  )
  .map(([others, inject, service]) => ({
    // The applier that is the oracle here can't hold this key; a test of its own does.
    ...Object.fromEntries(Object.entries(others).filter(([key]) => key !== '__proto__')),
    ...(inject === undefined ? {} : { [keys.inject.key]: inject }),
    ...(service === undefined ? {} : { [keys.service.key]: service }),
  }));

const metadata = fc.record(
  {
    name: fc.constant('db-0'),
    generateName: fc.constant('db-'),
    labels: fc.dictionary(text, text, { maxKeys: 2, noNullPrototype: true }),
    annotations,
  },
  { requiredKeys: ['name', 'annotations'] },
);

const account = fc.constantFrom('default', 'default', 'app', 'rollcall-watcher', undefined);

/** As parsed from JSON, like every pod that comes in. */
export const pods: fc.Arbitrary<Pod> = volumes.chain(podsWith).map((pod) => JSON.parse(JSON.stringify(pod)));

function podsWith(available: Volume[]): fc.Arbitrary<Pod> {
  return fc
    .record({
      metadata: fc.option(metadata, { nil: undefined, freq: 20 }),
      containers: containersOf(available, 'app', 1),
      initContainers: fc.option(containersOf(available, 'init', 0), { nil: undefined }),
      namesake: fc.option(namesake, { nil: undefined, freq: 8 }),
      account,
      more: fc.record(
        {
          subdomain: fc.constant('db'),
          automountServiceAccountToken: fc.boolean(),
          nodeSelector: fc.constantFrom({ zone: 'a' }, { 'kubernetes.io/os': 'linux' }),
          os: fc.constant({ name: 'linux' }),
          dnsPolicy: fc.constant('ClusterFirst'),
        },
        { requiredKeys: [] },
      ),
    })
    .map(({ metadata: made, containers, initContainers, namesake: extra, account: name, more }) => {
      const inits = extra === undefined ? initContainers : [...(initContainers ?? []), extra];
      const spec = {
        containers,
        ...(inits === undefined ? {} : { initContainers: inits }),
        ...(available.length === 0 ? {} : { volumes: available }),
        ...(name === undefined ? {} : { serviceAccountName: name, serviceAccount: name }),
        ...more,
      };
      return made === undefined ? { spec } : { metadata: made, spec };
    });
}
