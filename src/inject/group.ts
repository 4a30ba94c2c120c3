/** The group that the sidecar follows. */
import { keys } from './annotations.ts';
import type { Pod } from './pod.ts';
import { LEVELS, type Level, type Settings } from './settings.ts';

/** A group: whom to follow, and from where. */
export type Group =
  | { source: 'endpointslices' | 'dns'; service: string }
  | { source: 'pods'; selector: string };

/** The name that stands in a group of which nobody has said one. A fault is noted, so no pod gets it. */
const NOBODY = '';

/**
 * Returns the group by the strongest level that names one: a pod that names a service does not care that its
 * namespace has a selector. Notes a fault when nothing names it, or two things at one level do.
 */
export function groupOf(pod: Pod, settings: Settings): Group {
  const [service, selector, source] = [keys.service, keys.selector, keys.source].map((key) =>
    settings.level(key),
  );
  if (service !== undefined && service === selector) {
    const both = `${settings.named(keys.service)} and ${settings.named(keys.selector)}`;
    settings.fault(keys.source, 'bad-value', `${both} both name a group; leave one of them out`);
    settings.get(keys.source);
    settings.get(keys.service);
    settings.get(keys.selector);
    return { source: 'endpointslices', service: NOBODY };
  }
  const bySelector = selector !== undefined && rank(selector) < rank(service);
  const named = bySelector ? selector : service;
  // What a weaker level says of the source was said for its own group.
  const counts = source !== undefined && rank(source) <= rank(named);
  const wanted = counts ? settings.get(keys.source) : undefined;
  if (bySelector) {
    if (wanted !== undefined && wanted !== 'pods') {
      const advice = `does not go with ${keys.selector.key}; write "pods", or leave it out`;
      settings.fault(keys.source, 'bad-value', `${settings.named(keys.source)}: "${wanted}" ${advice}`);
    }
    return { source: 'pods', selector: settings.get(keys.selector) ?? NOBODY };
  }
  if (wanted === 'pods') {
    const advice = `needs ${keys.selector.key}; write it, or leave the source out`;
    settings.fault(keys.source, 'bad-value', `${settings.named(keys.source)}: "pods" ${advice}`);
    return { source: 'pods', selector: NOBODY };
  }
  const name = service === undefined ? subdomain(pod, settings) : (settings.get(keys.service) ?? NOBODY);
  return { source: wanted ?? 'endpointslices', service: name };
}

/** Returns how strong a level is, 0 the strongest: nobody's word is the weakest. */
function rank(level: Level | undefined): number {
  return LEVELS.indexOf(level ?? 'default');
}

function subdomain({ spec }: Pod, settings: Settings): string {
  if (spec.subdomain) return spec.subdomain;
  settings.fault(
    keys.service,
    'no-service',
    `annotation ${keys.service.key} is missing and the pod has no spec.subdomain; ` +
      `write ${keys.service.key}: "NAME" with the Service whose endpoints are the group`,
  );
  return NOBODY;
}
