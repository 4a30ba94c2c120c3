/** The changes that platforms which can't be run here make to every pod, as mutations of a second webhook. */

import type { Container, Pod } from './app-pod.ts';
import { eachContainer, type Mutation } from './second-webhook.ts';

/** The first user of the range that the namespace has. */
export const GIVEN_USER = 1_000_650_000;
/** The least that Autopilot lets a container request, on nodes where pods can't burst. */
export const AUTOPILOT = { cpu: '250m', memory: '512Mi', 'ephemeral-storage': '1Gi' };

type Context = Record<string, unknown> | undefined;
type Amounts = Record<string, string> | undefined;

export const platformMutations = {
  /** SecurityContextConstraints: the user, labels and capabilities, where nobody says otherwise. */
  openshift: ({ spec, ...pod }) => ({
    ...pod,
    spec: eachContainer(spec, (container) => ({
      ...container,
      securityContext: {
        ...(container.securityContext as Context),
        runAsUser: (container.securityContext as Context)?.runAsUser ?? GIVEN_USER,
        seLinuxOptions: { level: 's0:c26,c5' },
        capabilities: { drop: ['ALL', 'KILL', 'MKNOD', 'SETGID', 'SETUID'] },
      },
    })),
  }),
  /** The webhook of EKS says where the pod goes. */
  fargate: ({ metadata, spec, ...pod }) => ({
    ...pod,
    metadata,
    spec: { ...spec, schedulerName: 'fargate-scheduler' },
  }),
  /** Requests are raised to the minimums, and limits are made what is requested. */
  autopilot: ({ spec, ...pod }) => ({ ...pod, spec: eachContainer(spec, adjusted) }),
} as const satisfies Record<string, Mutation>;

/** Millicores and mebibytes, as far as the tests go. */
function isLess(one: string, other: string): boolean {
  return Number.parseInt(one, 10) < Number.parseInt(other, 10);
}

function adjusted(container: Container): Container {
  const given = (container.resources as { requests?: Amounts } | undefined)?.requests ?? {};
  const requests = Object.fromEntries(
    Object.entries(AUTOPILOT).map(([name, least]) => {
      const asked = given[name];
      return [name, asked === undefined || isLess(asked, least) ? least : asked];
    }),
  );
  return { ...container, resources: { requests, limits: requests } };
}

type Fields = Record<string, unknown>;

/** The container of a pod that was injected, of whichever kind it is. */
export function sidecarOf({ spec }: Pod): Container & { resources: Fields; securityContext: Fields } {
  const all = [...(spec.initContainers ?? []), ...spec.containers];
  const found = all.find(({ name }) => name === 'rollcall');
  if (found === undefined) throw new Error('the pod was not injected');
  return found as Container & { resources: Fields; securityContext: Fields };
}
