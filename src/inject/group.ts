import { keys } from './annotations.ts';
import type { Pod } from './pod.ts';
import { Problem } from './problem.ts';
import { LEVELS, type Level, type Settings } from './settings.ts';

/** Whom to follow, and from where. */
export type Group =
  | { source: 'endpointslices' | 'dns'; service: string }
  | { source: 'pods'; selector: string };

/**
 * The group by the strongest level that names one: a pod that names a service does not care that its
 * namespace has a selector. Throws a `Problem` when nothing names it, or two things at one level do.
 */
export function groupOf(pod: Pod, settings: Settings): Group {
  const [service, selector, source] = [keys.service, keys.selector, keys.source].map((key) =>
    settings.level(key),
  );
  if (service !== undefined && service === selector) {
    throw new Problem(
      'bad-value',
      `${settings.named(keys.service)} and ${settings.named(keys.selector)} both name a group; leave one of them out`,
    );
  }
  const bySelector = selector !== undefined && rank(selector) < rank(service);
  const named = bySelector ? selector : service;
  // What a weaker level says of the source was said for its own group.
  const counts = source !== undefined && rank(source) <= rank(named);
  const wanted = counts ? settings.get(keys.source) : undefined;
  if (!bySelector && wanted !== 'pods') {
    const name = service === undefined ? subdomain(pod) : settings.get(keys.service)!;
    return { source: wanted ?? 'endpointslices', service: name };
  }
  if (bySelector && (wanted === undefined || wanted === 'pods')) {
    return { source: 'pods', selector: settings.get(keys.selector)! };
  }
  throw new Problem(
    'bad-value',
    bySelector
      ? `${settings.named(keys.source)}: "${wanted}" does not go with ${keys.selector.key}; write "pods", or leave it out`
      : `${settings.named(keys.source)}: "pods" needs ${keys.selector.key}; write it, or leave the source out`,
  );
}

/** Nobody's word is the weakest. */
function rank(level: Level | undefined): number {
  return LEVELS.indexOf(level ?? 'default');
}

function subdomain({ spec }: Pod): string {
  if (spec.subdomain) return spec.subdomain;
  throw new Problem(
    'no-service',
    `annotation ${keys.service.key} is missing and the pod has no spec.subdomain; ` +
      `write ${keys.service.key}: "NAME" with the Service whose endpoints are the group`,
  );
}
