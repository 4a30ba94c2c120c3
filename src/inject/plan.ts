import { type AccountPlan, chooseAccount } from './account.ts';
import { type ContainerPlan, chooseKind, imageOf, sidecarOf } from './container.ts';
import { portOf } from './health.ts';
import { chooseMounts, type MountPlan } from './mounts.ts';
import type { Options } from './options.ts';
import type { Namespace, Pod, PullSecret } from './pod.ts';
import { NO_PULL_SECRETS, type PullSecretPlan } from './pull-secrets.ts';
import { chooseResources, type ResourcePlan } from './resources.ts';
import { securityContextOf } from './security-context.ts';
import { graceOf, sidecar } from './sidecar.ts';
import { type AnnotationPlan, chooseStatus } from './status.ts';
import { chooseVolumes, type VolumePlan } from './volumes.ts';

/** The decisions of the installation for all pods. */
export interface Install {
  image: string;
  /** The same image with a shell, for commands. */
  shellImage?: string | undefined;
  version: string;
  /** Secrets that pull these images, to be named by injected pods. */
  pullSecrets?: readonly PullSecret[] | undefined;
  /** Values of annotations where neither the pod nor its namespace has them. */
  defaults: Readonly<Record<string, string>>;
  /** Whether the cluster runs init containers that go on running. */
  nativeSidecars: boolean;
  /**
   * Whether the cluster keeps the resources of a pod as a whole. A server whose gate is off shows that field to
   * webhooks and drops it after admission, so that nothing may be decided by it.
   */
  podResources: boolean;
  /** The namespace of the webhook itself, whose pods get no sidecar. */
  ownNamespace?: string | undefined;
}

/** The plan of the pod after injection, to which each concept adds its part. */
export interface Plan
  extends AnnotationPlan,
    AccountPlan,
    VolumePlan,
    MountPlan,
    PullSecretPlan,
    ContainerPlan,
    ResourcePlan {}

export interface PlanContext {
  namespace: Namespace;
  install: Install;
  dryRun: boolean;
  /** The API server asks, so that others may have changed the sidecar since it was put in. */
  admission: boolean;
  /** The pod itself asks, not its namespace alone. */
  asks: boolean;
}

/** Has each concept choose its part. The rules in `faults.ts` decide whether the plan may be carried out. */
export function plan(
  pod: Pod,
  options: Options,
  { namespace, install, dryRun, admission, asks }: PlanContext,
): Plan {
  const kind = chooseKind(pod, options, install);
  const { native, endsWithPod } = kind;
  const account = chooseAccount(pod, options, { endsWithPod, dryRun, home: namespace.name });
  const mounts = chooseMounts(pod, options);
  const found = admission ? sidecarOf(pod) : undefined;
  const { resources, shortages } = chooseResources(
    asKept(pod, install),
    options.amounts,
    namespace.limits ?? [],
    native,
    found?.resources,
  );
  const pullSecrets = install.pullSecrets ?? NO_PULL_SECRETS;
  return {
    ...kind,
    sidecar: sidecar(options, {
      image: imageOf(options, install),
      native,
      endsWithPod,
      port: options.port ?? portOf(pod.spec),
      graceSeconds: graceOf(pod.spec),
      token: account.account !== 'unneeded',
      resources,
      securityContext: securityContextOf(pod, namespace, found?.securityContext),
    }),
    shortages,
    ...chooseVolumes(options, account, asks),
    ...mounts,
    ...account,
    pullSecrets,
    defaultContainer: native ? undefined : mounts.mainContainers.values().next().value,
    status: chooseStatus(pod, options, install.version, account, pullSecrets),
  };
}

/** Returns the pod as far as the server will keep it. */
function asKept(pod: Pod, { podResources }: Install): Pod {
  if (podResources || pod.spec.resources === undefined) return pod;
  const { resources: _, ...spec } = pod.spec;
  return { ...pod, spec };
}
