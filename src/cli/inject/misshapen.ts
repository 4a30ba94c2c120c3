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

/** Returns a sentence about the first part of a pod that the API server would refuse because of its type. */
export function misshapen({ object, templatePath }: Workload): string | undefined {
  const template = at(object, templatePath)!;
  const wrong = firstWrong(template, OF_POD) ?? inContainers(template) ?? inVolumes(template);
  if (wrong === undefined) return undefined;
  return `${placeOf([...templatePath, ...wrong.path])} has to be a ${wrong.shape}; mend it`;
}

interface Wrong {
  path: Path;
  shape: Shape;
}

function firstWrong(
  value: Value,
  rules: readonly (readonly [Path, Shape])[],
  above: Path = [],
): Wrong | undefined {
  for (const [path, shape] of rules) {
    if (!isOf(at(value, path), shape)) return { path: [...above, ...path], shape };
  }
  return undefined;
}

/** Tells whether a value has the shape. A value that is missing has every shape. */
function isOf(value: Value | undefined, shape: Shape): boolean {
  if (value === undefined || value === null) return true;
  if (shape === 'text') return typeof value === 'string';
  return shape === 'map' ? isFields(value) : Array.isArray(value) && value.every(isFields);
}

function inContainers(template: Value): Wrong | undefined {
  for (const list of ['containers', 'initContainers']) {
    const containers = (at(template, ['spec', list]) ?? []) as Fields[];
    for (const [index, container] of containers.entries()) {
      const above = ['spec', list, index];
      const wrong = firstWrong(container, OF_CONTAINER, above) ?? inItems(container, above);
      if (wrong !== undefined) return wrong;
    }
  }
  return undefined;
}

function inItems(container: Fields, above: Path): Wrong | undefined {
  for (const [list, key] of Object.entries(OF_ITEMS)) {
    for (const [index, item] of ((container[list] ?? []) as Fields[]).entries()) {
      const path = [...above, list, index];
      for (const one of ['name', key]) {
        if (typeof item[one] !== 'string') return { path: [...path, one], shape: 'text' };
      }
    }
  }
  return undefined;
}

function inVolumes(template: Value): Wrong | undefined {
  const volumes = (at(template, ['spec', 'volumes']) ?? []) as Fields[];
  const index = volumes.findIndex(({ name }) => typeof name !== 'string');
  return index === -1 ? undefined : { path: ['spec', 'volumes', index, 'name'], shape: 'text' };
}
