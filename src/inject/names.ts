import { CONTAINER } from '../watcher/contract.ts';
import { keys } from './annotations.ts';

export {
  /** The name of the sidecar's container, and of the volume that it shares with the application. */
  CONTAINER as NAME,
  /** Where the sidecar has the socket, and the application too unless it says otherwise. */
  DIRECTORY as MOUNT_PATH,
  PORT,
  SCRIPTS_PATH,
  /** Where the ServiceAccount plugin puts a token; where the folder is mounted already, it adds none. */
  TOKEN_PATH,
} from '../watcher/contract.ts';

export const TOKEN_VOLUME = 'rollcall-token';
export const SCRIPTS_VOLUME = 'rollcall-scripts';
/** The volumes that the injector adds. */
export const VOLUMES: readonly string[] = [CONTAINER, TOKEN_VOLUME, SCRIPTS_VOLUME];

/** The ServiceAccount that a pod gets in place of `default`. */
export const SCOPED_ACCOUNT = 'rollcall-watcher';

/** The annotation that tells people what was injected. */
export const STATUS_KEY = keys.status.key;
/** The annotation with the container that kubectl means when none is named. */
export const DEFAULT_CONTAINER_KEY = 'kubectl.kubernetes.io/default-container';

/** The namespaces of the cluster itself: nothing is injected there, and no access is given. */
export const EXCLUDED_NAMESPACES: readonly string[] = ['kube-system', 'kube-public', 'kube-node-lease'];

/**
 * The name of the binding by which a namespace lets the sidecars of others look at its Services. There is one in each
 * namespace that grants, and it is to the role that reads slices.
 */
export const GRANT_BINDING = 'rollcall-grant';
