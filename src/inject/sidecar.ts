import { BYE_SECONDS, MAX_SECONDS, POD_GRACE_SECONDS } from '../watcher/contract.ts';
import { environment } from './environment.ts';
import { startHook, startupProbe } from './gate.ts';
import { livenessProbe, type Port } from './health.ts';
import { MOUNT_PATH, NAME, SCRIPTS_PATH, SCRIPTS_VOLUME, TOKEN_PATH, TOKEN_VOLUME } from './names.ts';
import type { Options } from './options.ts';
import type { Container, PodSpec, Resources, SecurityContext } from './pod.ts';

/**
 * The young generation of V8 grows to 3 x 16 MB by itself, and what a list left behind stays resident:
 * with 1 MB, a group of 10,000 costs a quarter less memory.
 */
export const sidecarEnvironment = {
  NODE_OPTIONS: '--max-semi-space-size=1',
  // arena_max: each thread of V8 and libuv keeps an arena of its own otherwise, which takes 0.4 MB, or 1.5 MB with
  // 10,000 members. The other three: memory that V8 used to compile and TLS to read goes back to the system when it
  // is freed, in place of staying as room to grow. That is 1.6 MB, in a group of 1,000 as in one of 10,000, for 4 ms of
  // CPU at the start. Trimming from 32 KB on
  // in place of 1 MB would save 0.2 MB more, for 8 % more CPU a change in a group of 10,000.
  GLIBC_TUNABLES: [
    'glibc.malloc.arena_max=1',
    'glibc.malloc.mmap_threshold=32768',
    'glibc.malloc.trim_threshold=1048576',
    'glibc.malloc.top_pad=16384',
  ].join(':'),
};

/** Returns the time that the pod has to end, less what the sidecar needs to say `bye`. */
export function graceOf({ terminationGracePeriodSeconds: given = POD_GRACE_SECONDS }: PodSpec): number {
  return Math.min(MAX_SECONDS, Math.max(0, given - BYE_SECONDS));
}

/** The decisions about the sidecar that its pod, and not a setting, makes. */
export interface SidecarOptions {
  image: string;
  native: boolean;
  /** Whether it ends when the other containers have. */
  endsWithPod: boolean;
  port: Port;
  graceSeconds: number;
  token: boolean;
  resources: Resources;
  securityContext: SecurityContext;
}

/**
 * Returns the container. Native, it is an init container that goes on running, started before and stopped
 * after the rest; ordinary, it holds back the containers behind it until it has started.
 */
export function sidecar(options: Options, given: SidecarOptions): Container {
  const { native, port, graceSeconds, endsWithPod: endWithPod, resources } = given;
  return {
    name: NAME,
    image: given.image,
    imagePullPolicy: 'IfNotPresent',
    args: ['sidecar'],
    ...(native ? { restartPolicy: 'Always' } : { lifecycle: startHook(options) }),
    env: [
      ...environment({ ...options, ...options.group, group: options.groups, port, graceSeconds, endWithPod }),
      ...Object.entries(sidecarEnvironment).map(([name, value]) => ({ name, value })),
    ],
    // The field is written even when it is empty: the API server writes it, and a field that is not planned counts as
    // somebody else's.
    resources,
    volumeMounts: [
      { name: NAME, mountPath: MOUNT_PATH },
      // Something is mounted here in any case; otherwise the ServiceAccount plugin would mount the pod's own token.
      { name: given.token ? TOKEN_VOLUME : NAME, mountPath: TOKEN_PATH, readOnly: true },
      ...(options.scripts === undefined
        ? []
        : [{ name: SCRIPTS_VOLUME, mountPath: SCRIPTS_PATH, readOnly: true }]),
    ],
    // The application starts when the group is known, or 10 s later: /startz says when. An ordinary
    // sidecar has said so in its hook.
    ...(native ? { startupProbe: startupProbe(options, port) } : {}),
    livenessProbe: livenessProbe(port),
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: given.securityContext,
  };
}
