import type { Member } from '../protocol.ts';
import { booleanAt, type ObjectFields, objectAt, textAt, textsAt } from './fields.ts';

/** The fields that an endpoint has from its slice. */
export interface SliceContext {
  /** The namespace of the group. */
  namespace: string;
  /** The DNS name of the service. */
  domain: string;
  ports: Record<string, number>;
  isAddress(text: string): boolean;
}

/** Finds the member that was made of an endpoint the last time, without a search when it has kept its place. */
export function finder(
  before: readonly Member[],
): (endpoint: ObjectFields, index: number) => Member | undefined {
  let byUid: Map<string, Member> | undefined;
  return (endpoint, index) => {
    if (before.length === 0) return undefined;
    const uid = textAt(objectAt(endpoint, 'targetRef'), 'uid');
    if (uid === undefined || before[index]?.uid === uid) return before[index];
    byUid ??= new Map(before.map((member) => [member.uid, member]));
    return byUid.get(uid);
  };
}

/**
 * Whether reading the endpoint would come to this member again: each of its values is the one that was found
 * sound then. Reading and checking them anew takes twice as long as parsing the bytes. An endpoint without a
 * uid, or with a value that was left out, is always read.
 */
export function saysTheSame(endpoint: ObjectFields, known: Member, slice: SliceContext): boolean {
  const target = objectAt(endpoint, 'targetRef');
  const conditions = objectAt(endpoint, 'conditions');
  const ready = booleanAt(conditions, 'ready') ?? true;
  return (
    known.identity === undefined &&
    known.ports === slice.ports &&
    textAt(target, 'uid') === known.uid &&
    textAt(target, 'name') === known.name &&
    (textAt(target, 'namespace') ?? slice.namespace) === known.namespace &&
    ready === known.ready &&
    (booleanAt(conditions, 'serving') ?? ready) === known.serving &&
    (booleanAt(conditions, 'terminating') ?? false) === known.terminating &&
    textAt(endpoint, 'nodeName') === known.node &&
    textAt(endpoint, 'zone') === known.zone &&
    isHostname(textAt(endpoint, 'hostname'), known.hostname, slice) &&
    areAddresses(textsAt(endpoint, 'addresses'), known.addresses, slice)
  );
}

/** Whether the whole name is that of the host in the domain, which it ends with. */
function isHostname(host: string | undefined, whole: string | undefined, { domain }: SliceContext): boolean {
  if (host === undefined || whole === undefined) return host === whole;
  return whole.length === host.length + 1 + domain.length && whole.startsWith(host);
}

function areAddresses(
  given: readonly string[],
  known: readonly string[],
  { isAddress }: SliceContext,
): boolean {
  return given.length === known.length && given.every((one, index) => one === known[index] && isAddress(one));
}
