import { hash } from 'node:crypto';
import type { Member } from '../protocol.ts';

/** The bytes of the digest: a number of JavaScript, and a value of Prometheus, holds 53 bits without rounding. */
const BYTES = 6;

/**
 * A number that stands for a membership: equal for whoever sees the same uids with the same readiness, and
 * different otherwise, but by a chance of one in 2^48. It names nobody: a uid has 122 random bits, so that who
 * does not know the members learns nothing from it. It is the beginning of the SHA-256 of the sorted lines
 * `UID 1` of members that are ready and `UID 0` of those that are not, each with a line feed at its end.
 */
export function digestOf(members: Iterable<Pick<Member, 'uid' | 'ready'>>): number {
  const lines = Array.from(members, ({ uid, ready }) => `${uid} ${Number(ready)}\n`);
  return Number.parseInt(hash('sha256', lines.sort().join(''), 'hex').slice(0, BYTES * 2), 16);
}

/** An owner of members, with a number that changes with them. */
interface Revised {
  readonly revision: number;
  readonly synced: boolean;
  readonly members: ReadonlyMap<string, Member>;
}

/**
 * The digest of a group as of now; undefined before the group is known. It is worked out when it is asked for,
 * and once for each revision: whoever asks again and again makes no work, and where nobody asks there is none.
 */
export function latestDigest(group: Revised): () => number | undefined {
  let known: { revision: number; digest: number } | undefined;
  return () => {
    if (!group.synced) return undefined;
    const { revision, members } = group;
    if (known?.revision !== revision) known = { revision, digest: digestOf(members.values()) };
    return known.digest;
  };
}
