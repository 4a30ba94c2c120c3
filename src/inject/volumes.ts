/** The volumes that the sidecar brings: the one with the socket, its token, and the scripts of the application. */
import { type AccountPlan, type OldTokens, tokenVolumes } from './account.ts';
import { keys } from './annotations.ts';
import { reason } from './codes.ts';
import { NAME, SCRIPTS_VOLUME, VOLUMES } from './names.ts';
import { type Operation, removals, removed } from './operations.ts';
import type { Options } from './options.ts';
import type { Pod, Volume } from './pod.ts';
import type { Rule } from './rule.ts';
import { isSubset } from './subset.ts';

/**
 * The size of the volume. Two copies of members.json (the file and its successor) with 10,000 members of at most
 * 0.5 KB are 10 MB; the rest is room for the other files.
 */
export const VOLUME_SIZE = '16Mi';

/** The part of a plan that is about volumes. */
export interface VolumePlan {
  volumes: Volume[];
}

export function chooseVolumes({ scripts }: Options, account: AccountPlan, asks: boolean): VolumePlan {
  return {
    volumes: [
      // The volume is in memory, since one on disk would keep the cluster autoscaler from moving the pod.
      { name: NAME, emptyDir: { medium: 'Memory', sizeLimit: VOLUME_SIZE } },
      ...tokenVolumes(account),
      ...(scripts === undefined ? [] : [scriptsVolume(scripts, !asks)]),
    ],
  };
}

/** Returns the volume of the scripts. A pod that did not ask starts without them, and the sidecar says so. */
function scriptsVolume(name: string, optional: boolean): Volume {
  return {
    name: SCRIPTS_VOLUME,
    configMap: { name, defaultMode: 0o555, ...(optional ? { optional } : {}) },
  };
}

/** Removes the volumes of the old token that nothing mounts any more, and adds those of the plan. */
export function volumeOperations({ spec }: Pod, { volumes }: VolumePlan, tokens: OldTokens): Operation[] {
  const existing = spec.volumes ?? [];
  const gone = removed('/spec/volumes', existing, ({ name }) => tokens.unused.has(name));
  const missing = volumes.filter(({ name }) => !existing.some((volume) => volume.name === name));
  if (missing.length === 0) return gone;
  if (existing.length === 0) return [{ op: 'add', path: '/spec/volumes', value: missing }];
  return [...gone, ...missing.map((value): Operation => ({ op: 'add', path: '/spec/volumes/-', value }))];
}

export function undoVolumes({ spec }: Pod, wasEmpty: (part: string) => boolean): Operation[] {
  return removals('/spec/volumes', spec.volumes, ({ name }) => VOLUMES.includes(name), wasEmpty('volumes'));
}

/** Tells whether the pod has a volume under this planned one's name that is another. */
export function isTaken({ spec }: Pod, planned: Volume): boolean {
  const existing = spec.volumes?.find(({ name }) => name === planned.name);
  return existing !== undefined && !isSubset(planned, existing);
}

/** A volume of the pod under one of our names must be ours. */
export const foreignVolumes: Rule = {
  needs: [keys.source],
  faults: ({ pod, plan }) =>
    plan.volumes
      .filter((planned) => isTaken(pod, planned))
      .map(({ name }) =>
        reason('name-taken', `the pod has a volume "${name}" of its own; give it another name`),
      ),
};
