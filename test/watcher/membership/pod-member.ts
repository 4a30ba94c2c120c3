import type { Member } from '../../../src/watcher/protocol.ts';
import { member } from '../scripted-source.ts';

/** Returns a member whose name is not its uid, with a port. */
export function podMember(uid: string, fields: Partial<Member> = {}): Member {
  return { ...member(uid), name: `pod-${uid}`, ports: { http: 80 }, ...fields };
}
