import { CONTAINER } from '../watcher/contract.ts';
import { keys } from './annotations.ts';

export {
  /** The name of the sidecar's container, and of the volume that it shares with the application. */
  CONTAINER as NAME,
  /** The folder of the socket in the sidecar, and in the application unless the pod says otherwise. */
  DIRECTORY as MOUNT_PATH,
  PORT,
  SCRIPTS_PATH,
  /** The folder into which the ServiceAccount plugin mounts a token, unless something is mounted there already. */
  TOKEN_PATH,
} from '../watcher/contract.ts';

export const TOKEN_VOLUME = 'rollcall-token';
export const SCRIPTS_VOLUME = 'rollcall-scripts';
/** The volumes that the injector adds. */
export const VOLUMES: readonly string[] = [CONTAINER, TOKEN_VOLUME, SCRIPTS_VOLUME];

/** The annotation that tells people what was injected. */
export const STATUS_KEY = keys.status.key;
/** The annotation with the container that kubectl means when none is named. */
export const DEFAULT_CONTAINER_KEY = 'kubectl.kubernetes.io/default-container';

/** The namespaces of the cluster itself: nothing is injected there, and no access is given. */
export const EXCLUDED_NAMESPACES: readonly string[] = ['kube-system', 'kube-public', 'kube-node-lease'];

/**
 * The name of the binding by which a namespace lets the sidecars of others look at its Services. There is one in each
 * namespace that grants, and it is to the ClusterRole of the same name.
 */
export const GRANT_BINDING = 'rollcall-grant';
