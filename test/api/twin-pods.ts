/** What is to be the same of a pod with the sidecar and its twin without, and what is not. */

import { apply_patch } from 'jsonpatch';
import type { Operation } from '../../src/inject/operations.ts';
import type { Container, Pod } from './app-pod.ts';

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const OURS = ['rollcall', 'rollcall-token', 'rollcall-scripts'];

export function containersOf({ spec }: Pod): Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

/** Containers that run our program as ours does. */
export function sidecarsOf(pod: Pod): Container[] {
  const startsUs = ({ args }: Container) => Array.isArray(args) && args[0] === 'sidecar';
  return containersOf(pod).filter((container) => container.name === 'rollcall' && startsUs(container));
}

/** As a manifest that has not been created: what the API server writes into it is left out. */
export function manifestOf({ apiVersion, kind, metadata, spec }: Pod): Pod {
  const { name, generateName, labels, annotations } = metadata as Pod['metadata'] & { labels?: unknown };
  const names = generateName === undefined ? { name } : { generateName };
  return JSON.parse(JSON.stringify({ apiVersion, kind, metadata: { ...names, labels, annotations }, spec }));
}

/** Without what our annotations say, and so without anything that Rollcall would act on. */
export function silenced(pod: Pod): Pod {
  const { annotations = {}, ...metadata } = pod.metadata;
  const rest = Object.entries(annotations).filter(([key]) => !key.startsWith('rollcall.dev/'));
  return { ...pod, metadata: { ...metadata, annotations: Object.fromEntries(rest) } };
}

export function patched(pod: Pod, operations: readonly Operation[]): Pod {
  return apply_patch(structuredClone(pod), JSON.parse(JSON.stringify(operations)));
}

/** What is compared: the token's volume has a random name. */
export function comparable(pod: Pod): unknown {
  const { metadata, spec } = manifestOf(pod);
  const { labels, annotations } = metadata as { labels?: unknown; annotations?: unknown };
  const text = JSON.stringify({ labels, annotations, spec });
  return JSON.parse(text.replaceAll(/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access'));
}

/** The part of the pod that injection has no business with. */
export function applicationOf(pod: Pod, swapped: boolean): unknown {
  const { spec } = comparable(pod) as Pod;
  const { serviceAccountName, serviceAccount, automountServiceAccountToken, ...rest } = spec;
  const isToken = (name: string) => swapped && name === 'kube-api-access';
  const application = containersOf({ ...pod, spec }).filter(({ name }) => name !== 'rollcall');
  /** Taken from the application, or added for a sidecar that has no token of its own. */
  const isUnused = (name: string) =>
    name === 'kube-api-access' &&
    !application.some(({ volumeMounts = [] }) =>
      volumeMounts.some((mount) => mount.name === name && !(swapped && mount.mountPath === TOKEN_PATH)),
    );
  const containers = (list: Container[] = []) =>
    list
      .filter(({ name }) => name !== 'rollcall')
      .map(({ volumeMounts = [], ...container }) => ({
        ...container,
        volumeMounts: volumeMounts.filter(
          ({ name, mountPath }) => name !== 'rollcall' && !(isToken(name) && mountPath === TOKEN_PATH),
        ),
      }));
  return {
    ...rest,
    account: swapped ? 'swapped' : { serviceAccountName, serviceAccount, automountServiceAccountToken },
    containers: containers(spec.containers),
    initContainers: containers(spec.initContainers),
    volumes: (spec.volumes ?? []).filter(({ name }) => !OURS.includes(name) && !isUnused(name)),
  };
}
