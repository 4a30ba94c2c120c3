/** Pods of many shapes, from a seed, each with what is to become of it. */

import fc from 'fast-check';
import { keys } from '../../src/inject/annotations.ts';
import { type KeyName, samples } from '../inject/key-samples.ts';
import type { Pod } from './app-pod.ts';
import { applications } from './arbitrary-applications.ts';
import { namespaces } from './twin-namespaces.ts';

export interface Case {
  pod: Pod;
  /** The namespace, one of `namespaces`. */
  namespace: string;
  /** The one who asks. When nobody does, the webhook is not to be called. */
  asks: 'pod' | 'namespace' | 'nobody';
  /** The code of what keeps it from being injected. */
  obstacle: string | undefined;
}

type Texts = Record<string, string>;

/** The same in every run. */
const SEED = 20_261_122;

export function generatedPods(count: number): Case[] {
  return fc.sample(cases, { seed: SEED, numRuns: count }).map((one, index) => {
    const name = index % 3 === 0 ? { generateName: `app-${index}-` } : { name: `app-${index}` };
    return { ...one, pod: { ...one.pod, metadata: { ...one.pod.metadata, ...name } } };
  });
}

const cases: fc.Arbitrary<Case> = fc
  .constantFrom(...Object.entries(namespaces))
  .chain(([namespace, profile]) =>
    applications(profile)
      .chain((pod) => fc.oneof(...wishes(pod, profile.labelled)))
      .map((wish) => ({ ...wish, namespace })),
  );

type Wish = Omit<Case, 'namespace'>;

/** What the pod says of Rollcall. */
function wishes(pod: Pod, labelled: boolean): fc.WeightedArbitrary<Wish>[] {
  const silent = labelled ? 'namespace' : 'nobody';
  const settings = fc.tuple(group(pod), others(pod)).map(([one, rest]) => agreeing({ ...one, ...rest }));
  const wish =
    (asks: Case['asks'], obstacle?: string) =>
    (texts: Texts): Wish => ({
      pod: annotated(pod, asks === 'pod' ? { [keys.inject.key]: 'true', ...texts } : texts),
      asks,
      obstacle: asks === 'nobody' ? undefined : (ofItself(pod, asks) ?? obstacle),
    });
  const bad = fc.tuple(settings, badValue).map(([texts, one]): Texts => ({ ...texts, ...one }));
  const nameless = pod.spec.subdomain === undefined ? 'no-service' : undefined;
  return [
    { weight: 10, arbitrary: settings.map(wish('pod')) },
    { weight: 1, arbitrary: bad.map(wish('pod', 'bad-value')) },
    { weight: labelled ? 8 : 2, arbitrary: settings.map(wish(silent)) },
    { weight: labelled ? 1 : 0, arbitrary: bad.map(wish(silent, 'bad-value')) },
    { weight: 1, arbitrary: fc.constant({}).map(wish(silent, nameless)) },
    {
      weight: 1,
      arbitrary: settings.map((texts) => wish('nobody')({ ...texts, [keys.inject.key]: 'false' })),
    },
    { weight: 2, arbitrary: fc.constantFrom(...takenBy(pod, silent)) },
    { weight: 1, arbitrary: fc.constantFrom(...badWishes(pod)) },
  ];
}

/** Leaves out what can't stand beside the rest; what is said then, the tests of these settings show. */
function agreeing(texts: Texts): Texts {
  const { [keys.memberLabels.key]: labels, [keys.expected.key]: expected, ...rest } = texts;
  const knowsLabels = labels !== undefined && rest[keys.source.key] !== 'dns';
  const mayOpen = expected !== undefined && !(/^\d+$/.test(expected) && keys.waitFor.key in rest);
  return {
    ...rest,
    ...(knowsLabels ? { [keys.memberLabels.key]: labels } : {}),
    ...(mayOpen ? { [keys.expected.key]: expected } : {}),
  };
}

/** What keeps the sidecar out of a pod of this kind, before anything that is said of it. */
function ofItself({ spec }: Pod, asks: Case['asks']): string | undefined {
  if ((spec.os as { name: string } | undefined)?.name === 'windows') return 'windows';
  return spec.hostNetwork === true && asks === 'namespace' ? 'host-network' : undefined;
}

function annotated(pod: Pod, texts: Texts): Pod {
  return { ...pod, metadata: { ...pod.metadata, annotations: { ...pod.metadata.annotations, ...texts } } };
}

function group(pod: Pod): fc.Arbitrary<Texts> {
  const [service, selector] = [good('service'), good('selector')].map((one) => one.map(([, text]) => text));
  const named = [
    service!.map((text): Texts => ({ [keys.service.key]: text })),
    service!.map((text): Texts => ({ [keys.service.key]: text, [keys.source.key]: 'dns' })),
    service!.map((text): Texts => ({ [keys.service.key]: text, [keys.source.key]: 'endpointslices' })),
    selector!.map((text): Texts => ({ [keys.selector.key]: text })),
    selector!.map((text): Texts => ({ [keys.selector.key]: text, [keys.source.key]: 'pods' })),
  ];
  const unnamed = fc.constantFrom<Texts>({}, { [keys.source.key]: 'dns' });
  return fc.oneof(...named, ...(pod.spec.subdomain === undefined ? [] : [unnamed]));
}

type Sampled = keyof typeof samples;

/** A name of each family. */
const NAMES: Partial<Record<Sampled, string>> = { file: 'peers.txt' };

/** Further groups make sense together only: `arbitrary-words.ts` has them. */
const TOGETHER: readonly string[] = [
  'group',
  'waitForGroup',
  'expectedOfGroup',
  'memberLabelsOfGroup',
  'groupFile',
];

function good(name: Sampled): fc.Arbitrary<[key: string, text: string]> {
  const { key: known } = keys[name];
  const key = known.endsWith('.') ? known + NAMES[name]! : known;
  return fc.constantFrom(...samples[name].good).map((text) => [key, text]);
}

/** Said elsewhere here, or not by pods. */
const ELSEWHERE: KeyName[] = ['inject', 'service', 'selector', 'source', 'containers', 'podAccess', 'grant'];
const OTHERS = (Object.keys(samples) as Sampled[]).filter(
  (name) => !ELSEWHERE.includes(name) && !TOGETHER.includes(name),
);

/** Few of them, or none. */
function others({ spec }: Pod): fc.Arbitrary<Texts> {
  const names = [...spec.containers, ...(spec.initContainers ?? [])].map(({ name }) => name);
  const mounted = fc
    .subarray(names, { minLength: 1 })
    .map((some): [string, string] => [keys.containers.key, some.join(',')]);
  // On the network of the node only a port of the pod may be notified, and these pods name none.
  const possible = OTHERS.filter((name) => name !== 'notify' || spec.hostNetwork !== true);
  return fc
    .subarray(possible, { maxLength: 4 })
    .chain((some) => fc.tuple(fc.option(mounted, { freq: 4 }), ...some.map(good)))
    .map((entries) => entries.filter((entry) => entry !== null))
    .map((entries) => Object.fromEntries(entries.filter(([key, text]) => canBeMade(spec, key, text))));
}

/**
 * Below a mount that can't be written to no folder can be made; what is said then, test/inject/mounts.test.ts
 * shows.
 */
function canBeMade({ containers, initContainers = [] }: Pod['spec'], key: string, path: string): boolean {
  if (key !== keys.mountPath.key) return true;
  const mounts = [...containers, ...initContainers].flatMap(({ volumeMounts = [] }) => volumeMounts);
  return !mounts.some(({ mountPath }) => path.startsWith(`${mountPath}/`));
}

const badValue: fc.Arbitrary<Texts> = fc
  .constantFrom(
    ...(Object.keys(samples) as Sampled[]).filter(
      (name) => !['inject', 'podAccess', 'grant'].includes(name) && !TOGETHER.includes(name),
    ),
  )
  .chain((name) => fc.tuple(good(name), fc.constantFrom(...samples[name].bad)))
  .map(([[key], text]) => ({ [key]: text }));

/** Whoever does not say no is taken to ask, and to mean something else. */
function badWishes(pod: Pod): Wish[] {
  return samples.inject.bad.map((text) => ({
    pod: annotated(pod, { [keys.inject.key]: text, [keys.service.key]: 'db' }),
    asks: 'pod',
    obstacle: 'bad-value',
  }));
}

/** Pods that have something of their own under our names. */
function takenBy(pod: Pod, silent: Case['asks']): Wish[] {
  const { containers, volumes = [] } = pod.spec;
  const [first, ...rest] = containers;
  const scratch = { name: 'scratch-0', emptyDir: {} };
  const mount = { name: 'scratch-0', mountPath: '/run/rollcall' };
  const mounting = { ...first!, volumeMounts: [...(first!.volumeMounts ?? []), mount] };
  const variants: [code: string, spec: Partial<Pod['spec']>][] = [
    ['name-taken', { containers: [...containers, { ...first!, name: 'rollcall' }] }],
    ['name-taken', { volumes: [...volumes, { name: 'rollcall', configMap: { name: 'any' } }] }],
    ['mount-path-taken', { volumes: [...volumes, scratch], containers: [mounting, ...rest] }],
  ];
  const texts = { [keys.service.key]: 'db' };
  return variants.flatMap(([code, spec]) =>
    (['pod', silent] as const).map((asks): Wish => {
      const taken = { ...pod, spec: { ...pod.spec, ...spec } };
      const obstacle = asks === 'nobody' ? undefined : (ofItself(pod, asks) ?? code);
      return {
        pod: annotated(taken, asks === 'pod' ? { ...texts, [keys.inject.key]: 'true' } : texts),
        asks,
        obstacle,
      };
    }),
  );
}
