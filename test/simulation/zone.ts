import type { Endpoint } from '../support/endpoint-slices.ts';
import type { State } from './history.ts';
import { NAMESPACE, SERVICE } from './slices.ts';

export type Family = 'A' | 'AAAA';

/** The addresses behind each name that the service's SRV record has. */
export type Zone = ReadonlyMap<string, Readonly<Record<Family, readonly string[]>>>;

export const SERVICE_NAME = `${SERVICE}.${NAMESPACE}.svc.cluster.local`;

const zones = new WeakMap<State, Zone>();

/**
 * Returns the zone that CoreDNS makes of the slices: who is ready, under a hostname or under the address with dashes.
 */
export function zoneOf(state: State): Zone {
  const known = zones.get(state);
  if (known !== undefined) return known;
  const zone = new Map<string, Record<Family, string[]>>();
  for (const slice of state.slices.values()) {
    const family = slice.addressType === 'IPv6' ? 'AAAA' : 'A';
    for (const endpoint of slice.endpoints) {
      if (endpoint.conditions.ready === false) continue;
      const name = `${label(endpoint)}.${SERVICE_NAME}`;
      const addresses = zone.get(name) ?? { A: [], AAAA: [] };
      zone.set(name, addresses);
      for (const address of endpoint.addresses) {
        if (!addresses[family].includes(address)) addresses[family].push(address);
      }
    }
  }
  zones.set(state, zone);
  return zone;
}

function label({ hostname, addresses }: Endpoint): string {
  return hostname ?? addresses[0]!.replaceAll(/[.:]/g, '-');
}
