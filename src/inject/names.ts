import { keys } from './annotations.ts';

/** The sidecar's container, and the volume that it shares with the application. */
export const NAME = 'rollcall';
export const TOKEN_VOLUME = 'rollcall-token';
export const SCRIPTS_VOLUME = 'rollcall-scripts';
export const VOLUMES: readonly string[] = [NAME, TOKEN_VOLUME, SCRIPTS_VOLUME];

/** Where the sidecar has the socket, and the application too unless it says otherwise. */
export const MOUNT_PATH = keys.mountPath.default;
export const SCRIPTS_PATH = '/scripts';
/** Where client libraries and the ServiceAccount plugin expect a token; taken, the plugin adds none. */
export const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The ServiceAccount that a pod gets in place of `default`. */
export const SCOPED_ACCOUNT = 'rollcall-watcher';

/** The port of health and metrics. */
export const PORT = 17655;

/** The annotation that tells people what was injected. */
export const STATUS_KEY = keys.status.key;
/** Which container kubectl means when none is named. */
export const DEFAULT_CONTAINER_KEY = 'kubectl.kubernetes.io/default-container';

/** Namespaces of the cluster itself: nothing is injected there, and no access is given. */
export const EXCLUDED_NAMESPACES: readonly string[] = ['kube-system', 'kube-public', 'kube-node-lease'];
