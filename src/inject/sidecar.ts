import { MOUNT_PATH, NAME, PORT, SCRIPTS_PATH, SCRIPTS_VOLUME, TOKEN_PATH, TOKEN_VOLUME } from './names.ts';
import type { Options } from './options.ts';
import type { Container, Resources } from './pod.ts';

/**
 * The user and the group that the sidecar runs as, as in the Dockerfile. Nobody else should have them: whoever
 * runs as the same user may write what the sidecar writes. Images run as 0, as a system user (below 1000), a
 * person (1000 and on), 10001, `nonroot` (65532 of distroless) or `nobody` (65534), and OpenShift gives numbers
 * from a million up. Above 65535 there is none in a pod with a user namespace of its own. The port's number is
 * none of these.
 */
export const USER = 17655;
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
  const { native, port, resources } = given;
  const startSeconds = Math.max(
    START_SECONDS,
    options.waitFor > 0 ? options.waitTimeoutSeconds + MARGIN_SECONDS : 0,
  );
  return {
    name: NAME,
    image: given.image,
    imagePullPolicy: 'IfNotPresent',
    args: ['sidecar'],
    ...(native ? { restartPolicy: 'Always' } : { lifecycle: { postStart: exec('startz', startSeconds) } }),
    env: [
      { name: 'ROLLCALL_NAMESPACE', valueFrom: fieldRef('metadata.namespace') },
      ...Object.entries(environment(options, given)).map(([name, value]) => ({
        name,
        value: literal(value),
      })),
      { name: 'ROLLCALL_POD_NAME', valueFrom: fieldRef('metadata.name') },
      { name: 'ROLLCALL_POD_UID', valueFrom: fieldRef('metadata.uid') },
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

/** Only what differs from the defaults of the command line. */
function environment(
  options: Options,
  { endsWithPod, port, graceSeconds }: SidecarOptions,
): Record<string, string> {
  const { group, waitFor, waitTimeoutSeconds, waitAction, files, notify, onStart, onChange } = options;
  return {
    ...('service' in group ? { ROLLCALL_SERVICE: group.service } : { ROLLCALL_SELECTOR: group.selector }),
    ...(group.source === 'endpointslices' ? {} : { ROLLCALL_SOURCE: group.source }),
    ...(waitFor === 0
      ? {}
      : {
          ROLLCALL_WAIT_FOR: `${waitFor}`,
          ROLLCALL_WAIT_TIMEOUT: `${waitTimeoutSeconds}`,
          ROLLCALL_WAIT_ACTION: waitAction,
        }),
    ...(files.length === 0 ? {} : { ROLLCALL_FILE: files.join('\n') }),
    ...(notify.length === 0 ? {} : { ROLLCALL_NOTIFY: notify.join('\n') }),
    ...(onStart === undefined ? {} : { ROLLCALL_ON_START: onStart }),
    ...(onChange === undefined ? {} : { ROLLCALL_ON_CHANGE: onChange }),
    ...(port === PORT ? {} : { ROLLCALL_PORT: `${port}` }),
    ...(graceSeconds === 25 ? {} : { ROLLCALL_GRACE_SECONDS: `${graceSeconds}` }),
    ...(endsWithPod ? { ROLLCALL_END_WITH_POD: 'true' } : {}),
  };
}

/** Kubernetes takes `$(NAME)` for a variable and `$$` for a dollar. */
function literal(value: string): string {
  return value.replaceAll('$', '$$$$');
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

function fieldRef(fieldPath: string): { fieldRef: { apiVersion: string; fieldPath: string } } {
  return { fieldRef: { apiVersion: 'v1', fieldPath } };
}
