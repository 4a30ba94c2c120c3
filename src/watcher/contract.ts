/**
 * The facts that both ends of a pod go by: the sidecar and the client library in the pod, and the injector that
 * writes the pod. Each fact stands here only, and a test looks for second homes in `src`, `deploy` and `docs`.
 */

/** The name of the sidecar's container, and of the volume that it shares with the application. */
export const CONTAINER = 'rollcall';

/** The folder of the socket and the files; the application finds it there too, unless the pod mounts it elsewhere. */
export const DIRECTORY = '/run/rollcall';
/** The Unix socket that streams the membership. */
export const SOCKET_NAME = 'members.sock';
/** The file that holds the latest snapshot. */
export const FILE_NAME = 'members.json';
/** The Unix socket of health and metrics, for pods that have no port to spare. */
export const HEALTH_NAME = 'health.sock';
/** The file that says that the application has been started; it stays as long as the pod does. */
export const STARTED_NAME = '.started';
/** The longest path of a Unix socket: sun_path has 108 bytes, and the last one is a zero. */
export const MAX_PATH_BYTES = 107;

/** The port of health and metrics. Linux gives out ports by itself from 32768 on, so this one stays free. */
export const PORT = 17655;
/**
 * The user and the group that the sidecar runs as, in a pod and in the image. Nobody else should have them:
 * whoever runs as the same user may write what the sidecar writes. Images run as 0, as a system user (below
 * 1000), a person (1000 and on), 10001, `nonroot` (65532 of distroless) or `nobody` (65534), and OpenShift gives
 * numbers from a million up. In a pod with a user namespace of its own there are no users above 65535. The number
 * of the port is none of these.
 */
export const USER = 17655;

/** The folder where the kubelet mounts the identity of a pod, and where client libraries look for it. */
export const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
/** The files in that folder. */
export const TOKEN_NAME = 'token';
export const CA_NAME = 'ca.crt';
export const NAMESPACE_NAME = 'namespace';
/** The folder where the sidecar finds the files of the ConfigMap that has its scripts. */
export const SCRIPTS_PATH = '/scripts';

/** The seconds that Kubernetes gives a pod to end, when the pod says nothing else. */
export const POD_GRACE_SECONDS = 30;
/** The seconds of that time that the sidecar keeps for sending `bye` to its readers. */
export const BYE_SECONDS = 5;
/** The seconds that the sidecar goes on serving readers after SIGTERM, by default. */
export const GRACE_SECONDS = POD_GRACE_SECONDS - BYE_SECONDS;
/** The most seconds of any wait: a day is longer than anybody waits for a pod. */
export const MAX_SECONDS = 86_400;
/** The seconds that an application is held back by default; one that waits for a minute looks broken. */
export const WAIT_SECONDS = 50;

/**
 * The checks of the sidecar over HTTP: whether it works, whether it knows the group, whether the application may
 * start.
 */
export const CHECKS = ['healthz', 'readyz', 'startz'] as const;
/** The query of a probe that tells the pod's Events what the application is started without. The answer has it once. */
export const TELL = 'tell';
