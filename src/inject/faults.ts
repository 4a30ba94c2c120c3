/**
 * The list of rules that a pod is held to: what is asked of the sidecar must be possible, and what the pod has under
 * the sidecar's names must be the sidecar's.
 */
import { podAccess } from './account.ts';
import type { Reason } from './codes.ts';
import { namesake, shellImage } from './container.ts';
import { knownSize, openGate } from './gate.ts';
import { grant } from './grant.ts';
import { takenPort } from './health.ts';
import { memberLabels } from './member-labels.ts';
import { foreignMounts, unknownContainers } from './mounts.ts';
import { notifiedNode, notifiedSidecar } from './notify.ts';
import { tooLittle } from './resources.ts';
import type { Rule, Subject } from './rule.ts';
import { nodeNetwork } from './unsupported.ts';
import { foreignVolumes } from './volumes.ts';

/** The settings must have values that they can have. */
const badSettings: Rule = {
  needs: [],
  faults: ({ settings }) => settings.faults,
};

/** The rules in the order in which they are told. The first fault gives the code that metrics count. */
const RULES: readonly Rule[] = [
  nodeNetwork,
  badSettings,
  podAccess,
  memberLabels,
  grant,
  shellImage,
  tooLittle,
  openGate,
  knownSize,
  takenPort,
  notifiedNode,
  notifiedSidecar,
  foreignVolumes,
  namesake,
  unknownContainers,
  foreignMounts,
];

/** Returns what the rules say of the pod. Rules whose settings have bad values are not asked. */
export function faultsOf(subject: Subject): Reason[] {
  const { settings } = subject;
  const found: Reason[] = [];
  for (const rule of RULES) {
    if (settings.faults.length > 0 && rule.needs.some(({ key }) => settings.isBad(key))) continue;
    found.push(...rule.faults(subject));
  }
  return found;
}
