import { fileTemplate, keys } from './annotations.ts';
import { type Group, groupOf } from './group.ts';
import type { Pod } from './pod.ts';
import type { Amounts } from './resources.ts';
import type { Settings } from './settings.ts';

/** All that the pod, its namespace and the installation say of the sidecar. */
export interface Options {
  group: Group;
  waitFor: number;
  waitTimeoutSeconds: number;
  waitAction: 'continue' | 'fail';
  mountPath: string;
  /** Undefined: all of them. */
  containers: string[] | undefined;
  /** `NAME=LINE` */
  files: string[];
  notify: string[];
  onStart: string | undefined;
  onChange: string | undefined;
  scripts: string | undefined;
  amounts: Amounts;
  port: number | 'off' | undefined;
  nativeSidecar: 'auto' | 'true' | 'false';
  serviceAccount: 'auto' | 'scoped' | 'keep';
  /** The accounts of the namespace may be given the right to read its pods. */
  podAccess: boolean;
}

/** Throws a `Problem` for the first value that can't be. */
export function optionsOf(pod: Pod, settings: Settings): Options {
  return {
    group: groupOf(pod, settings),
    waitFor: settings.get(keys.waitFor),
    waitTimeoutSeconds: settings.get(keys.waitTimeout),
    waitAction: settings.get(keys.waitAction),
    mountPath: settings.get(keys.mountPath),
    containers: settings.get(keys.containers),
    files: settings.family(keys.file.key, fileTemplate),
    notify: settings.get(keys.notify) ?? [],
    onStart: settings.get(keys.onStart),
    onChange: settings.get(keys.onChange),
    scripts: settings.get(keys.scripts),
    amounts: {
      cpuRequest: settings.get(keys.cpuRequest),
      cpuLimit: settings.get(keys.cpuLimit),
      memoryRequest: settings.get(keys.memoryRequest),
      memoryLimit: settings.get(keys.memoryLimit),
      cpuLimitIsDefault: settings.level(keys.cpuLimit) === undefined,
    },
    port: settings.get(keys.port),
    nativeSidecar: settings.get(keys.nativeSidecar),
    serviceAccount: settings.get(keys.serviceAccount),
    podAccess: settings.get(keys.podAccess) === 'true',
  };
}
