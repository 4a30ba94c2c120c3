import { isIP, isIPv4 } from 'node:net';
import type { AddressType } from '../watcher/outputs/hooks.ts';
import type { Member } from '../watcher/protocol.ts';

/** The facts that this pod knows about itself before any source lists it. */
export interface Host {
  /** Names without a domain. The hostname of a StatefulSet's pod is the name of the pod. */
  names: readonly string[];
  addresses: readonly string[];
}

/**
 * Tells whether a member is this pod. The name decides, as in the original peer-finder. The address decides
 * only for a member without a name of its own, because another pod may have got the address since.
 */
export function isHost({ names, addresses }: Host, member: Member): boolean {
  const label = member.hostname?.split('.')[0];
  const own = (name: string | undefined) => name !== undefined && names.includes(name);
  if (own(label) || own(member.name)) return true;
  const mine = member.addresses.filter((address) => addresses.includes(address));
  return label === undefined ? mine.length > 0 : mine.some((address) => dashed(address) === label);
}

/**
 * Returns a function that names a member as DNS does, also when the API told of it. The name is the hostname.
 * Without a hostname, the names are those that CoreDNS makes of the addresses, with dashes. Where the Service
 * has no ports, DNS has no names, and the name is the first address.
 */
export function dnsNames(service: string): (member: Member) => string | readonly string[] {
  return ({ hostname, addresses, ports, name }) => {
    if (hostname !== undefined) return hostname;
    if (Object.keys(ports).length === 0) return addresses[0] ?? name;
    return addresses.map((address) => `${dashed(address)}.${service}`);
  };
}

/** Returns the label that CoreDNS gives to an endpoint without a hostname. */
function dashed(address: string): string {
  return address.replace(/[.:]/g, '-');
}

/**
 * Returns the variables that a script gets beside its input. HOST_ADDRESS is the line of this pod among the
 * peers. POD_IP comes from the downward API where peers are names; else it is the same address.
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
