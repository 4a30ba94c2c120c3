import type { SidecarConfig } from '../sidecar-settings.ts';
import type { SelfDescription } from '../watcher/protocol.ts';

/** Returns what this pod knows of itself; undefined where nobody has told the sidecar which pod it is in. */
export function identity({
  podName,
  podUid,
  nodeName,
  zone,
}: Pick<SidecarConfig, 'podName' | 'podUid' | 'nodeName' | 'zone'>): SelfDescription | undefined {
  if (podName === undefined && podUid === undefined) return undefined;
  return {
    ...(podUid === undefined ? {} : { uid: podUid }),
    ...(podName === undefined ? {} : { name: podName }),
    ...(nodeName === undefined ? {} : { node: nodeName }),
    ...(zone === undefined ? {} : { zone }),
  };
}
