/** The labels that members have from their pods. */
import { parseNamedLabels } from '../named-group.ts';
import { sidecarSettings } from '../sidecar-settings.ts';
import { keys } from './annotations.ts';
import { type Reason, reason } from './codes.ts';
import type { Options } from './options.ts';
import { NO_FAULTS, type Rule } from './rule.ts';

/**
 * Returns the annotation of a group of a Service whose members are joined with their pods, for which the sidecar reads
 * those; undefined where there is none.
 */
export function joinedGroup(
  options: Pick<Options, 'group' | 'memberLabels' | 'groups' | 'memberLabelsOfGroup'>,
) {
  const { group, memberLabels, groups, memberLabelsOfGroup } = options;
  if (memberLabels !== undefined && group?.source === 'endpointslices') return keys.memberLabels.key;
  const name = memberLabelsOfGroup
    .map((text) => parseNamedLabels(text).group)
    .find((labelled) => groups.some(({ name, source }) => name === labelled && source === 'endpointslices'));
  return name === undefined ? undefined : keys.memberLabelsOfGroup.key + name;
}

/** Labels come from the API, and a file has those that members have. */
export const memberLabels: Rule = {
  needs: [keys.memberLabels, keys.source, keys.file],
  faults({ options }) {
    const { group, memberLabels: given } = options;
    if (group?.source === 'dns' && given !== undefined) return [ofDns()];
    const known = given === undefined ? [] : sidecarSettings.memberLabels.parse(given);
    const lacking = options.file.flatMap((text) => {
      const { file, labels } = sidecarSettings.file.parse(text);
      return labels.filter((key) => !known.includes(key)).map((key) => notAsked(file, key));
    });
    return lacking.length === 0 ? NO_FAULTS : lacking;
  },
};

function ofDns(): Reason {
  return reason(
    'bad-value',
    `${keys.memberLabels.key} does not go with the source "dns", which knows no labels; follow the Service over the ` +
      'API, or leave it out',
  );
}

function notAsked(file: string, key: string): Reason {
  return reason(
    'bad-value',
    `annotation ${keys.file.key}${file} uses the label "${key}", which members have only when ` +
      `${keys.memberLabels.key} names it; add it there`,
  );
}
