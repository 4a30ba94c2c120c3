/** The annotations of a pod, its namespace and the installation: mostly some that can be served. */
import fc from 'fast-check';
import { keys } from '../../src/inject/annotations.ts';
import type { Context } from '../../src/inject/inject.ts';
import { UID_RANGE_KEY } from '../../src/inject/security-context.ts';
import { limitRanges } from './arbitrary-resources.ts';
import { sampled, writtenKey } from './key-samples.ts';
import { INSTALL, labelled, plain } from './pods.ts';

type Words = Record<string, string>;

/** Takes `usual` so many times as often as `rare`. */
export function often<A, B>(usual: fc.Arbitrary<A>, rare: fc.Arbitrary<B>, weight = 5): fc.Arbitrary<A | B> {
  return fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: rare });
}

const GROUP: readonly string[] = ['inject', 'service', 'selector', 'source'];
/** The generated pods all have this one. */
const containers = fc.constant({ [keys.containers.key]: 'app-0' });
const file = fc
  .tuple(
    fc.constantFrom('a', 'cluster.conf', '__proto__', 'constructor'),
    fc.constantFrom('{name}', '{uid} $(A) $$'),
  )
  .map(([name, line]) => ({ [keys.file.key + name]: line }));

/** A group under a name, and what is said of it. */
const namedGroup = fc
  .tuple(
    fc.constantFrom('a', 'backends', 'constructor'),
    fc.constantFrom('service tcp-servers', 'dns cache', 'service a in team-b', 'pods app in (a, b)'),
    fc.constantFrom(undefined, '2 ready', 'ordinal 0'),
    fc.constantFrom(undefined, '{ipv4} $(A) $$'),
    fc.constantFrom(undefined, '3', 'deployment web'),
    // It takes access to pods too.
    often(fc.constant(undefined), fc.constant('role'), 15),
  )
  .map(([name, what, wait, line, expected, labels]) => ({
    [keys.group.key + name]: what,
    ...(expected === undefined
      ? {}
      : { [keys.expectedOfGroup.key + name]: what.includes(' in team-b') ? '3' : expected }),
    ...(labels === undefined ? {} : { [keys.memberLabelsOfGroup.key + name]: labels }),
    ...(wait === undefined ? {} : { [keys.waitForGroup.key + name]: wait }),
    ...(line === undefined ? {} : { [`${keys.groupFile.key}${name}.up.conf`]: line }),
  }));

/** An annotation that does not choose the group. */
const word: fc.Arbitrary<Words> = fc.oneof(
  ...sampled
    .filter(([name]) => !GROUP.includes(name) && !['containers', 'memberLabels'].includes(name))
    .filter(([name]) => !keys[name].key.endsWith('.'))
    .map(([name, { good }]) => fc.constantFrom(...good).map((text) => ({ [keys[name].key]: text }))),
  // It takes access to pods, which most of the generated namespaces do not give.
  often(containers, fc.constant({ [keys.memberLabels.key]: 'role' })),
  file,
  namedGroup,
);
const wrong: fc.Arbitrary<Words> = fc.oneof(
  ...sampled.map(([name, { bad }]) => fc.constantFrom(...bad).map((text) => ({ [writtenKey(name)]: text }))),
);

const { service, selector, source } = keys;
const group = fc.constantFrom<Words[]>(
  {},
  { [service.key]: 'cache' },
  { [selector.key]: 'app=db' },
  { [service.key]: 'db', [source.key]: 'dns' },
  { [selector.key]: 'app', [source.key]: 'pods' },
);

function words(maxLength: number, ofGroup: fc.Arbitrary<Words>): fc.Arbitrary<Words> {
  return fc
    .tuple(fc.array(word, { maxLength }), ofGroup, often(fc.constant({}), wrong, 30))
    .map(([several, one, bad]) => Object.assign({}, ...several, one, bad));
}

const text = fc.string({ maxLength: 6 });
/** The annotations of others, some with names that mean something to JavaScript or to JSON pointers. */
const others = fc.dictionary(
  fc.oneof(text, fc.constantFrom('constructor', 'toString', 'a/b', 'a~b', 'a~1b')),
  text,
  { maxKeys: 3, noNullPrototype: true },
);

export const podWords: fc.Arbitrary<Words> = fc
  .tuple(
    others,
    words(4, group),
    often(fc.constant('true'), fc.constantFrom('false', 'yes', undefined), 12),
    often(fc.constant(undefined), text, 12),
  )
  .map(([foreign, ours, inject, status]) => ({
    // The applier that is the oracle here can't hold this key; a test of its own does.
    ...Object.fromEntries(Object.entries(foreign).filter(([key]) => key !== '__proto__')),
    ...ours,
    ...(inject === undefined ? {} : { [keys.inject.key]: inject }),
    ...(status === undefined ? {} : { [keys.status.key]: status }),
  }));

const weaker = words(2, often(fc.constant({}), group, 3));

export const contexts: fc.Arbitrary<Context> = fc
  .record({
    namespace: fc.constantFrom(plain, labelled),
    annotations: fc
      .tuple(weaker, often(fc.constant('true'), fc.constantFrom('false', undefined), 10))
      .map(([words, access]) => (access === undefined ? words : { ...words, [keys.podAccess.key]: access })),
    limits: often(fc.constant([]), limitRanges, 3),
    defaults: weaker,
    nativeSidecars: fc.boolean(),
    range: often(fc.constant({}), fc.constant({ [UID_RANGE_KEY]: '1000650000/10000' }), 3),
    pullSecrets: fc.subarray([{ name: 'registry' }, { name: 'mirror' }]),
    shell: often(fc.constant(true), fc.constant(false), 20),
    dryRun: fc.boolean(),
  })
  .map(({ namespace, annotations, range, limits, defaults, nativeSidecars, pullSecrets, shell, dryRun }) => {
    const { shellImage, ...install } = INSTALL;
    return {
      namespace: { ...namespace, annotations: { ...annotations, ...range }, limits },
      install: { ...install, ...(shell ? { shellImage } : {}), defaults, nativeSidecars, pullSecrets },
      dryRun,
    };
  })
  .map((context) => JSON.parse(JSON.stringify(context)));
