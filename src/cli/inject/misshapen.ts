import { at, type Fields, isFields, type Path, type Value } from '../document/value.ts';
import { placeOf } from '../pod-templates.ts';
import type { Workload } from '../workloads.ts';

type Shape = 'list' | 'map' | 'text';

/** The types that the core expects in a pod. An API server checks them, but nobody has checked a file. */
const OF_POD: readonly (readonly [path: Path, shape: Shape])[] = [
  [['metadata'], 'map'],
  [['metadata', 'annotations'], 'map'],
  [['metadata', 'labels'], 'map'],
  [['spec', 'volumes'], 'list'],
  [['spec', 'initContainers'], 'list'],
  [['spec', 'nodeSelector'], 'map'],
  [['spec', 'resources'], 'map'],
  [['spec', 'os'], 'map'],
  [['spec', 'securityContext'], 'map'],
  [['spec', 'affinity'], 'map'],
  [['spec', 'affinity', 'nodeAffinity'], 'map'],
  [['spec', 'serviceAccountName'], 'text'],
  [['spec', 'serviceAccount'], 'text'],
  [['spec', 'subdomain'], 'text'],
];
const OF_CONTAINER: readonly (readonly [path: Path, shape: Shape])[] = [
  [['name'], 'text'],
  [['image'], 'text'],
  [['ports'], 'list'],
  [['volumeMounts'], 'list'],
  [['volumeDevices'], 'list'],
  [['resources'], 'map'],
  [['resources', 'requests'], 'map'],
  [['resources', 'limits'], 'map'],
  [['securityContext'], 'map'],
];
/** The lists of maps in a container, each with the text that every item must have. */
const OF_ITEMS = { volumeMounts: 'mountPath', volumeDevices: 'devicePath' } as const;

/** Returns a sentence about each part of a pod that the API server would refuse because of its type. */
export function misshapen({ object, templatePath }: Workload): string[] {
  const template = at(object, templatePath)!;
  const all = [...wrongParts(template, OF_POD), ...inContainers(template), ...inVolumes(template)];
  return all.map(({ path, shape }) => `${placeOf([...templatePath, ...path])} has to be a ${shape}; mend it`);
}

interface Wrong {
  path: Path;
  shape: Shape;
}

function wrongParts(value: Value, rules: readonly (readonly [Path, Shape])[], above: Path = []): Wrong[] {
  return rules
    .filter(([path, shape]) => !isOf(at(value, path), shape))
    .map(([path, shape]) => ({ path: [...above, ...path], shape }));
}

/** Tells whether a value has the shape. A value that is missing has every shape. */
function isOf(value: Value | undefined, shape: Shape): boolean {
  if (value === undefined || value === null) return true;
  if (shape === 'text') return typeof value === 'string';
  return shape === 'map' ? isFields(value) : Array.isArray(value) && value.every(isFields);
}

/** Returns the items of a list. What is no list has been found to be wrong already. */
function itemsAt(value: Value, path: Path): Fields[] {
  const list = at(value, path);
  return isOf(list, 'list') ? ((list ?? []) as Fields[]) : [];
}

function inContainers(template: Value): Wrong[] {
  return ['containers', 'initContainers'].flatMap((list) =>
    itemsAt(template, ['spec', list]).flatMap((container, index) => {
      const above = ['spec', list, index];
      return [...wrongParts(container, OF_CONTAINER, above), ...inItems(container, above)];
    }),
  );
}

function inItems(container: Fields, above: Path): Wrong[] {
  return Object.entries(OF_ITEMS).flatMap(([list, key]) =>
    itemsAt(container, [list]).flatMap((item, index) =>
      ['name', key]
        .filter((one) => typeof item[one] !== 'string')
        .map((one): Wrong => ({ path: [...above, list, index, one], shape: 'text' })),
    ),
  );
}

function inVolumes(template: Value): Wrong[] {
  return itemsAt(template, ['spec', 'volumes']).flatMap(({ name }, index): Wrong[] =>
    typeof name === 'string' ? [] : [{ path: ['spec', 'volumes', index, 'name'], shape: 'text' }],
  );
}
