import { USER } from '../watcher/contract.ts';
import { environment } from './environment.ts';
import { MOUNT_PATH, NAME, SCRIPTS_PATH, SCRIPTS_VOLUME, TOKEN_PATH, TOKEN_VOLUME } from './names.ts';
import type { Options } from './options.ts';
import type { Container, Resources } from './pod.ts';

/** Without a number to wait for, the sidecar lets the application start after 10 s at the latest. */
const START_SECONDS = 60;
/** After the time to wait is over, the sidecar says so; a probe comes every second. */
const MARGIN_SECONDS = 10;
/** `/startz` answers when the application may start, or after 20 s: each refusal is an Event of the pod. */
const HELD_SECONDS = 30;
/** A probe that is a process: Node starts in 0.05 s, and on a node without CPU to spare in seconds. */
const PROCESS_SECONDS = 10;

/**
 * The young generation of V8 grows to 3 x 16 MB by itself, and what a list left behind stays resident:
 * with 1 MB, a group of 10,000 costs a quarter less memory.
 */
export const sidecarEnvironment = {
  NODE_OPTIONS: '--max-semi-space-size=1',
  // Each thread of V8 and libuv keeps an arena of its own otherwise: 0.4 MB, with 10,000 members 1.5. What V8
  // compiled with and what TLS read go back to the system when they are freed, in place of staying as room to
  // grow: 1.8 MB, in a group of 1,000 as in one of 10,000. It costs 4 ms of CPU at the start,
  // and with 16 KB it would save 0.3 MB more, for more calls of the system.
  GLIBC_TUNABLES: [
    'glibc.malloc.arena_max=1',
    'glibc.malloc.mmap_threshold=32768',
    'glibc.malloc.trim_threshold=32768',
    'glibc.malloc.top_pad=16384',
  ].join(':'),
};

/** What the pod it is for says of the sidecar. */
export interface SidecarOptions {
  image: string;
  native: boolean;
  /** It is to end when the other containers have. */
  endsWithPod: boolean;
  port: number | 'off';
  graceSeconds: number;
  token: boolean;
  resources: Resources;
}

/**
 * The container. Native, it is an init container that goes on running, started before and stopped
 * after the rest; ordinary, it holds back the containers behind it until it has started.
 */
export function sidecar(options: Options, given: SidecarOptions): Container {
  const { native, port, graceSeconds, endsWithPod: endWithPod, resources } = given;
  const startSeconds = Math.max(
    START_SECONDS,
    options.waitFor > 0 ? options.waitTimeout + MARGIN_SECONDS : 0,
  );
  return {
    name: NAME,
    image: given.image,
    imagePullPolicy: 'IfNotPresent',
    args: ['sidecar'],
    ...(native ? { restartPolicy: 'Always' } : { lifecycle: { postStart: exec('startz', startSeconds) } }),
    env: [
      ...environment({ ...options, ...options.group, port, graceSeconds, endWithPod }),
      ...Object.entries(sidecarEnvironment).map(([name, value]) => ({ name, value })),
    ],
    // Named even when empty: the API server would, and what is not planned is taken for somebody else's.
    resources,
    volumeMounts: [
      { name: NAME, mountPath: MOUNT_PATH },
      // Taken in any case: the ServiceAccount plugin would mount the pod's own token there.
      { name: given.token ? TOKEN_VOLUME : NAME, mountPath: TOKEN_PATH, readOnly: true },
      ...(options.scripts === undefined
        ? []
        : [{ name: SCRIPTS_VOLUME, mountPath: SCRIPTS_PATH, readOnly: true }]),
    ],
    // The application starts when the group is known, or 10 s later: /startz says when. An ordinary
    // sidecar has said so in its postStart.
    ...(native
      ? { startupProbe: { ...startupProbe(port), periodSeconds: 1, failureThreshold: startSeconds } }
      : {}),
    // A process every 10 s would cost more than it finds.
    livenessProbe: {
      ...probe('healthz', port),
      periodSeconds: port === 'off' ? 30 : 10,
      failureThreshold: 3,
    },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsGroup: USER,
      runAsNonRoot: true,
      runAsUser: USER,
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
}

function startupProbe(port: number | 'off') {
  const held = port === 'off' ? exec('startz', HELD_SECONDS - PROCESS_SECONDS) : probe('startz', port);
  return { ...held, timeoutSeconds: HELD_SECONDS };
}

function probe(check: string, port: number | 'off') {
  if (port === 'off') return { ...exec(check), timeoutSeconds: PROCESS_SECONDS };
  return { httpGet: { path: `/${check}`, port } };
}

function exec(check: string, waitSeconds?: number) {
  const wait = waitSeconds === undefined ? [] : ['--wait', `${waitSeconds}`];
  return { exec: { command: ['rollcall', 'probe', '--check', check, ...wait] } };
}
