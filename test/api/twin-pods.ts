/** Compares a pod that has the sidecar with its twin that has none: what must be equal, and what may differ. */

import assert from 'node:assert/strict';
import { apply_patch } from 'jsonpatch';
import type { Operation } from '../../src/inject/operations.ts';
import { amountOf } from '../../src/inject/quantity.ts';
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

/** Returns the manifest of a pod, without what the API server writes into it. */
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

/** Returns what is compared. The volume of the token has a random name, which is replaced. */
export function comparable(pod: Pod): unknown {
  const { metadata, spec } = manifestOf(pod);
  const { labels, annotations } = metadata as { labels?: unknown; annotations?: unknown };
  const text = JSON.stringify({ labels, annotations, spec });
  return JSON.parse(text.replaceAll(/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access'));
}

type Amounts = Record<string, string>;
const KINDS = ['requests', 'limits'] as const;
type Kind = (typeof KINDS)[number];
const amountsOf = ({ spec }: Pod, kind: Kind): Amounts =>
  (spec.resources as Partial<Record<Kind, Amounts>> | undefined)?.[kind] ?? {};

/** Without what the server derived for the pod as a whole from its containers, ours among them. */
export function asWritten(pod: Pod, given: Pod): Pod {
  if (pod.spec.resources === undefined) return pod;
  const resources = KINDS.map((kind) => {
    const written = Object.entries(amountsOf(pod, kind)).filter(([name]) =>
      Object.hasOwn(amountsOf(given, kind), name),
    );
    return written.length === 0 ? [] : [[kind, Object.fromEntries(written)]];
  });
  return { ...pod, spec: { ...pod.spec, resources: Object.fromEntries(resources.flat()) } };
}

/**
 * What the server derived for the pod as a whole is what it would be without us. Where it derives `late`,
 * after admission, the sidecar counts too: then it is at most the sidecar's share more.
 */
export function assertDerived(pod: Pod, twin: Pod, given: Pod, late: boolean): void {
  const [sidecar] = sidecarsOf(pod);
  const own = sidecar?.resources as Partial<Record<Kind, Amounts>> | undefined;
  for (const kind of KINDS) {
    for (const name of ['cpu', 'memory'].filter((one) => !Object.hasOwn(amountsOf(given, kind), one))) {
      const [beside, without] = [amountsOf(pod, kind)[name], amountsOf(twin, kind)[name]];
      if (beside === without) continue;
      const told = `${kind} of ${name}: ${beside} in place of ${without}`;
      assert.ok(late, told);
      const [more, less, most] = [beside, without, own?.[kind]?.[name]].map((text) => amountOf(text ?? '0'));
      assert.ok(more! >= less! && more! - less! <= most! + 1e-6, told);
    }
  }
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
