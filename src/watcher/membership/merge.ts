import { familyFirst, type IpFamily } from '../family.ts';
import type { Member } from '../protocol.ts';

/** Merges all that the parts tell of one member, in the order in which they count. */
export function merge(all: readonly Member[], first: IpFamily): Member {
  const addresses = new Set(all.flatMap((member) => member.addresses));
  return {
    ...(Object.assign({}, ...all.toReversed()) as Member),
    addresses: familyFirst([...addresses], first),
    ports: mergePorts(all),
    ready: all.every(({ ready }) => ready),
    serving: all.every(({ serving }) => serving),
    terminating: all.some(({ terminating }) => terminating),
  };
}

/** Merges the ports. A name that is another number in a later part keeps its number; the other goes by its number. */
function mergePorts([head, ...others]: readonly Member[]): Record<string, number> {
  let ports = head!.ports;
  for (const [name, port] of others.flatMap((member) => Object.entries(member.ports))) {
    if (ports[name] === port && Object.hasOwn(ports, name)) continue;
    const free = Object.hasOwn(ports, name) ? String(port) : name;
    // The ports are copied before the first difference, since the members of a slice share theirs.
    if (!Object.hasOwn(ports, free)) ports = { ...ports, [free]: port };
  }
  return ports;
}
