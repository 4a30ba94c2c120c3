import { familyOf, type IpFamily } from '../family.ts';
import { silent } from '../log.ts';
import { isAddress, isDnsLabel, isDnsSubdomain, isLabelValue, isPort, isUid } from '../membership/grammar.ts';
import { Malformed } from '../membership/malformed.ts';
import { isSame } from '../membership/membership.ts';
import { ordinalOf } from '../membership/ordinal.ts';
import { isSelf, type Perspective, serviceName } from '../perspective.ts';
import type { Member } from '../protocol.ts';
import type { Collection, KubernetesObject } from './collection.ts';
import { booleanAt, numberAt, type ObjectFields, objectAt, objectsAt, textAt, textsAt } from './fields.ts';
import { finder, type SliceContext, saysTheSame } from './same-endpoint.ts';
import { SharedTexts } from './shared-texts.ts';

/** The label of a slice that names its Service. */
export const SERVICE_LABEL = 'kubernetes.io/service-name';

/** The context in which the endpoints of one slice are read. */
interface Reading extends SliceContext {
  perspective: Perspective<'service'>;
  texts: SharedTexts;
  malformed: Malformed;
  /** The name of the slice, as far as it has one. */
  slice: string;
}

/** Returns the collection of the EndpointSlices of one Service. */
export function endpointSlices(
  perspective: Perspective<'service'>,
  malformed = new Malformed(silent),
): Collection {
  const { namespace, service } = perspective.group;
  const texts = new SharedTexts();
  return {
    name: 'endpointslices',
    path: `/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/endpointslices`,
    kinds: ['EndpointSlice'],
    namespace,
    labelSelector: `${SERVICE_LABEL}=${service}`,
    order: (object) => rank(object, perspective.firstFamily),
    members: (object) => sliceMembers(object, perspective, texts, malformed),
    again: (object, before) => sliceMembers(object, perspective, texts, malformed, before),
    // The control plane makes a slice for every Service with a selector, even one without endpoints.
    emptyMeans:
      `no EndpointSlice for service "${service}" in namespace "${namespace}"; ` +
      'create the Service, or correct its name; one without a selector needs EndpointSlices of its own, ' +
      'and one of type ExternalName has no members',
  };
}

/**
 * Which of two slices counts first. The API does not say which family is a service's first, so that is the
 * cluster's, or the one that the service had first.
 */
function rank(object: KubernetesObject, first: IpFamily | undefined): string {
  if (first !== undefined) return textAt(object, 'addressType') === first ? '0' : '1';
  return (textAt(objectAt(object, 'metadata'), 'creationTimestamp') ?? '').replaceAll(' ', '');
}

/**
 * The members of one discovery.k8s.io/v1 EndpointSlice. An endpoint without an address is none, and one
 * whose address, name, namespace or uid breaks the rules of the API is left out as malformed: the API
 * server checks nothing of a `targetRef`. Any other value that breaks them is left out by itself. Of `before`,
 * what was made of the slice the last time, members are kept of which it says the same still.
 */
export function sliceMembers(
  object: KubernetesObject,
  perspective: Perspective<'service'>,
  texts = new SharedTexts(),
  malformed = new Malformed(silent),
  before: readonly Member[] = [],
): Member[] {
  const metadata = objectAt(object, 'metadata');
  const slice = textAt(metadata, 'name') ?? '';
  const service = textAt(objectAt(metadata, 'labels'), SERVICE_LABEL);
  if (service !== undefined && service !== perspective.group.service) {
    // Whoever answers does not look at selectors.
    malformed.note(SERVICE_LABEL, service, slice);
    return [];
  }
  const reading: Reading = {
    perspective,
    texts,
    malformed,
    slice,
    namespace: perspective.group.namespace,
    domain: serviceName(perspective.group.service, perspective),
    ports: portNumbers(objectsAt(object, 'ports'), slice, malformed),
    isAddress: textAt(object, 'addressType') === 'FQDN' ? isDnsSubdomain : isAddress,
  };
  // Most endpoints of a slice stay as they were, in the same order.
  if (before[0] !== undefined && isSame(before[0].ports, reading.ports)) reading.ports = before[0].ports;
  const known = finder(before);
  const members: Member[] = [];
  for (const endpoint of objectsAt(object, 'endpoints')) {
    const old = known(endpoint, members.length);
    const made = old !== undefined && saysTheSame(endpoint, old, reading) ? old : member(endpoint, reading);
    if (made !== undefined) members.push(made);
  }
  return members;
}

function portNumbers(
  ports: readonly ObjectFields[],
  slice: string,
  malformed: Malformed,
): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const fields of ports) {
    const name = textAt(fields, 'name') ?? '';
    const port = numberAt(fields, 'port');
    if (name !== '' && !isDnsLabel(name)) malformed.note('port name', name, slice);
    else if (port !== undefined && !isPort(port)) malformed.note('port', port, slice);
    else if (port !== undefined) numbers[name] = port;
  }
  return numbers;
}

/**
 * Returns the member that an endpoint is. It is written out where a literal with spreads would do, which takes
 * three times as long.
 */
function member(endpoint: ObjectFields, reading: Reading): Member | undefined {
  const { texts, perspective } = reading;
  const conditions = objectAt(endpoint, 'conditions');
  const target = objectAt(endpoint, 'targetRef');
  const uid = textAt(target, 'uid');
  const targetName = textAt(target, 'name');
  const given = textAt(target, 'namespace') ?? perspective.group.namespace;
  const namespace = texts.of(given, isDnsLabel);
  const hostname = soundAt(endpoint, 'hostname', isDnsLabel, reading);
  const node = sharedAt(endpoint, 'nodeName', isDnsSubdomain, reading);
  const zone = sharedAt(endpoint, 'zone', isLabelValue, reading);
  const ready = booleanAt(conditions, 'ready') ?? true;
  // The API says: absent `serving` is to be read as `ready`, absent `terminating` as false.
  const serving = booleanAt(conditions, 'serving') ?? ready;
  const terminating = booleanAt(conditions, 'terminating') ?? false;
  const addresses = addressesOf(endpoint, reading);
  const known =
    fits('uid', uid, isUid, reading) &&
    fits('name', targetName, isDnsSubdomain, reading) &&
    (namespace !== undefined || fits('namespace', given, isDnsLabel, reading));
  if (addresses.length === 0 || !known || namespace === undefined) return undefined;
  const name = targetName ?? hostname ?? addresses[0]!;
  const made: Member = {
    uid: uid ?? endpointName(addresses[0]!, reading.ports),
    name,
    namespace,
    addresses,
    ports: reading.ports,
    ready,
    serving,
    terminating,
  };
  if (uid === undefined) made.identity = 'address';
  const ordinal = ordinalOf(name, hostname);
  if (ordinal !== undefined) made.ordinal = ordinal;
  // Joined, it is one text; a template would keep both halves beside it.
  if (hostname !== undefined) made.hostname = [hostname, reading.domain].join('.');
  if (node !== undefined) made.node = node;
  if (zone !== undefined) made.zone = zone;
  if (isSelf(perspective.self, uid, targetName)) made.self = true;
  return made;
}

/** Returns what stands in for a uid; the port is in it, since two servers may share an address. */
function endpointName(address: string, ports: Record<string, number>): string {
  const lowest = Math.min(...Object.values(ports));
  const host = familyOf(address) === 'IPv6' ? `[${address}]` : address;
  return Number.isFinite(lowest) ? `${host}:${lowest}` : address;
}

function addressesOf(endpoint: ObjectFields, { isAddress, malformed, slice }: Reading): string[] {
  const addresses = textsAt(endpoint, 'addresses');
  if (addresses.every(isAddress)) return addresses as string[];
  return addresses.filter((address) => {
    const is = isAddress(address);
    if (!is) malformed.note('address', address, slice);
    return is;
  });
}

/** Returns the text when there is one that fits; what does not fit is noted and left out. */
function soundAt(
  fields: ObjectFields,
  field: string,
  is: (text: string) => boolean,
  reading: Reading,
): string | undefined {
  const value = textAt(fields, field);
  return fits(field, value, is, reading) ? value : undefined;
}

/** Returns the same of a text that many endpoints have. */
function sharedAt(
  fields: ObjectFields,
  field: string,
  is: (text: string) => boolean,
  reading: Reading,
): string | undefined {
  const value = textAt(fields, field);
  if (value === undefined) return undefined;
  const shared = reading.texts.of(value, is);
  if (shared === undefined) reading.malformed.note(field, value, reading.slice);
  return shared;
}

/** Returns whether there is no text, or one that fits; what does not fit is noted. */
function fits(
  field: string,
  value: string | undefined,
  is: (text: string) => boolean,
  { malformed, slice }: Reading,
): boolean {
  if (value === undefined || is(value)) return true;
  malformed.note(field, value, slice);
  return false;
}
