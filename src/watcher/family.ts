import { isIPv6 } from 'node:net';

export type IpFamily = 'IPv4' | 'IPv6';

/** Returns the family of an address; a domain name counts as IPv4, as nothing says which family it stands for. */
export function familyOf(address: string): IpFamily {
  return isIPv6(address) ? 'IPv6' : 'IPv4';
}

/** Returns the addresses in their order, those of one family before those of the other. */
export function familyFirst(addresses: readonly string[], first: IpFamily): string[] {
  const rank = (address: string) => Number(familyOf(address) !== first);
  return addresses.toSorted((a, b) => rank(a) - rank(b));
}
