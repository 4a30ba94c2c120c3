import { isIP, isIPv4 } from 'node:net';
import type { AddressType } from '../watcher/outputs/hooks.ts';
import type { Member } from '../watcher/protocol.ts';

/** What this pod knows of itself before anybody lists it. */
export interface Host {
  /** Without a domain, as the hostname of a StatefulSet's pod is its name. */
  names: readonly string[];
  addresses: readonly string[];
}

/**
 * Whether a member is this pod: by name, as peer-finder has it; by address only where the member has
 * no name of its own, since an address may be another pod's by now.
 */
export function isHost({ names, addresses }: Host, member: Member): boolean {
  const label = member.hostname?.split('.')[0];
  const own = (name: string | undefined) => name !== undefined && names.includes(name);
  if (own(label) || own(member.name)) return true;
  const mine = member.addresses.filter((address) => addresses.includes(address));
  return label === undefined ? mine.length > 0 : mine.some((address) => dashed(address) === label);
}

/**
 * Names a member as DNS does, whether it was heard of by the API or by DNS: by its hostname; without one
 * by the names that CoreDNS makes of its addresses, each with dashes; and by its first address where the
 * Service has no ports, so that DNS has no names either.
 */
export function dnsNames(service: string): (member: Member) => string | readonly string[] {
  return ({ hostname, addresses, ports, name }) => {
    if (hostname !== undefined) return hostname;
    if (Object.keys(ports).length === 0) return addresses[0] ?? name;
    return addresses.map((address) => `${dashed(address)}.${service}`);
  };
}

/** CoreDNS's label for an endpoint without a hostname. */
function dashed(address: string): string {
  return address.replace(/[.:]/g, '-');
}

/**
 * The variables that a script gets beside its input. HOST_ADDRESS is the line of this pod among the
 * peers; POD_IP is the one from the downward API where peers are names, else the same address.
 */
export function hostVariables(
  self: Member | undefined,
  names: (member: Member) => string | readonly string[] | undefined,
  type: AddressType,
  podIp: string | undefined,
): Record<string, string> {
  const address = self && [names(self) ?? []].flat()[0];
  if (self === undefined || address === undefined) return {};
  const given = podIp !== undefined && isIP(podIp) !== 0 ? podIp : self.addresses[0];
  const ip = type === 'DNS' ? given : address;
  return {
    HOST_ADDRESS: address,
    HOST_ADDRESS_TYPE: isIP(address) === 0 ? 'DNS' : familyOf(address),
    ...(ip === undefined ? {} : { POD_IP: ip, POD_IP_TYPE: familyOf(ip) }),
  };
}

function familyOf(address: string): AddressType {
  return isIPv4(address) ? 'IPv4' : 'IPv6';
}
