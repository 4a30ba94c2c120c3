/** Namespaces that bound what is created in them, each with a twin of the same bounds that nobody opted in. */

import type { ControlPlane } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { appPod } from './app-pod.ts';

export interface Profile {
  /** The standard that is enforced. All namespaces warn of what `restricted` would refuse, and audit it. */
  level: 'restricted' | 'privileged';
  labelled: boolean;
  quota: boolean;
  limits: boolean;
}

const profile = (given: Partial<Profile>): Profile => ({
  level: 'restricted',
  labelled: false,
  quota: false,
  limits: false,
  ...given,
});

export const namespaces: Readonly<Record<string, Profile>> = {
  plain: profile({}),
  quota: profile({ quota: true }),
  limits: profile({ limits: true }),
  bounded: profile({ quota: true, limits: true, labelled: true }),
  labelled: profile({ labelled: true }),
  open: profile({ level: 'privileged' }),
  'open-labelled': profile({ level: 'privileged', labelled: true }),
};

/** Below these all generated pods have room together. */
const QUOTA = {
  'requests.cpu': '10k',
  'requests.memory': '100Ti',
  'limits.cpu': '10k',
  'limits.memory': '100Ti',
  pods: '10k',
};

/** Next to these the sidecar's own defaults have a limit that is too many times its request, and too little CPU. */
export const LIMITS = [
  {
    type: 'Container',
    default: { cpu: '500m', memory: '256Mi' },
    defaultRequest: { cpu: '100m', memory: '128Mi' },
    min: { cpu: '20m', memory: '32Mi' },
    max: { cpu: '2', memory: '2Gi' },
    maxLimitRequestRatio: { cpu: '10', memory: '4' },
  },
  { type: 'Pod', min: { cpu: '30m' }, max: { cpu: '16', memory: '16Gi' } },
];

/** Groups by a selector are among the generated. */
export const ANNOTATIONS = { 'rollcall.dev/pod-access': 'true' };

export function twinOf(name: string): string {
  return `${name}-twin`;
}

export async function makeNamespaces(plane: ControlPlane): Promise<void> {
  for (const [name, one] of Object.entries(namespaces)) {
    const security = {
      'pod-security.kubernetes.io/enforce': one.level,
      'pod-security.kubernetes.io/warn': 'restricted',
      'pod-security.kubernetes.io/audit': 'restricted',
    };
    const label = one.labelled ? { 'rollcall.dev/injection': 'enabled' } : {};
    await makeNamespace(plane, name, { ...security, ...label }, one);
    await makeNamespace(plane, twinOf(name), security, one);
  }
}

async function makeNamespace(
  plane: ControlPlane,
  name: string,
  labels: Record<string, string>,
  { quota, limits }: Profile,
): Promise<void> {
  const inside = `/api/v1/namespaces/${name}`;
  await plane.ensureNamespace(name, labels, ANNOTATIONS);
  await plane.must('POST', `${inside}/serviceaccounts`, { metadata: { name: 'mine' } });
  if (limits)
    await plane.must('POST', `${inside}/limitranges`, {
      metadata: { name: 'limits' },
      spec: { limits: LIMITS },
    });
  if (quota) await makeQuota(plane, inside);
  // Both reach admission a moment later. Nothing here asks for the sidecar.
  const opted = { 'rollcall.dev/inject': 'false' };
  const probe = () => plane.request('POST', `${inside}/pods?dryRun=All`, appPod({ name: 'probe' }, opted));
  await eventually(`bounds of ${name}`, async () => {
    const { status, body } = await probe();
    if (limits) return status === 201 && body.spec.containers[0].resources.limits !== undefined;
    return status === (quota ? 403 : 201);
  });
}

/** The controller-manager, which is not here, would copy the spec to the status, and admission goes by that. */
async function makeQuota(plane: ControlPlane, inside: string): Promise<void> {
  const quota = await plane.must('POST', `${inside}/resourcequotas`, {
    metadata: { name: 'quota' },
    spec: { hard: QUOTA },
  });
  const used = Object.fromEntries(Object.keys(QUOTA).map((key) => [key, '0']));
  const status = { ...quota, status: { hard: QUOTA, used } };
  await plane.must('PUT', `${inside}/resourcequotas/quota/status`, status);
}
