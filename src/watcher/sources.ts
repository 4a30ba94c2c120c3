import { dnsSource } from './dns/dns.ts';
import { dnsClient } from './dns/dns-client.ts';
import { endpointSlices } from './kubernetes/endpoint-slices.ts';
import { podLabels } from './kubernetes/pod-labels.ts';
import { pods } from './kubernetes/pods.ts';
import { kubernetesSource, pushed } from './kubernetes/reflector.ts';
import { kubernetesApi, type UpstreamContext, type UpstreamOptions } from './kubernetes/upstream.ts';
import { labelledSource } from './labelled-source.ts';
import { Malformed } from './membership/malformed.ts';
import type { Perspective } from './perspective.ts';
import type { SourceName } from './protocol.ts';
import { SettingFault, type SettingKey } from './setting-fault.ts';
import type { Source } from './source.ts';

/**
 * The source of a name, connected to what it follows: the pods of the group's selector, or the
 * endpoints of its service, over the API or DNS. Throws a `SettingFault` for what the user must mend.
 */
export function sourceOf(
  name: SourceName,
  perspective: Perspective,
  upstream: UpstreamOptions,
  context: UpstreamContext,
  malformed = new Malformed(context.log),
): Source {
  const { namespace, service, selector } = perspective.group;
  const { clock, log } = context;
  if (name === 'pods') {
    if (selector === undefined) throw missing('selector', name);
    const group = { namespace, selector };
    return kubernetesSource(
      pods({ ...perspective, group }, malformed),
      kubernetesApi(upstream, context),
      clock,
      log,
    );
  }
  if (service === undefined) throw missing('service', name);
  const group = { namespace, service };
  const keys = perspective.memberLabels ?? [];
  if (name === 'dns') {
    if (keys.length > 0) throw knowsNoLabels(keys);
    return dnsSource({ ...perspective, group, resolver: dnsClient(), clock, log, malformed });
  }
  const slices = endpointSlices({ ...perspective, group }, malformed);
  const api = kubernetesApi(upstream, context);
  const source = kubernetesSource(slices, api, clock, log);
  if (keys.length === 0) return source;
  const labels = pushed(podLabels(namespace, keys, malformed), api, clock, log);
  return labelledSource(source, labels, () => clock.now());
}

/** Returns the fault of labels that are asked for of a source other than the API. */
export function knowsNoLabels(keys: readonly string[]): SettingFault {
  return new SettingFault({
    key: 'memberLabels',
    value: keys.join(','),
    sentence: 'is for members that the API tells of',
    remedy: 'leave it out, or take another source',
  });
}

function missing(key: SettingKey, source: SourceName): SettingFault {
  return new SettingFault({
    key,
    sentence: 'is missing',
    remedy: `give it, since the source "${source}" needs it`,
  });
}
