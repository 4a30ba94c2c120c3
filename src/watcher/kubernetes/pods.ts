import { Corrupt } from '../lines.ts';
import { silent } from '../log.ts';
import { isAddress, isDnsLabel, isDnsSubdomain, isLabelValue, isPort, isUid } from '../membership/grammar.ts';
import { Malformed } from '../membership/malformed.ts';
import { ordinalOf } from '../membership/ordinal.ts';
import { isSelf, type Perspective, serviceName } from '../perspective.ts';
import type { Member } from '../protocol.ts';
import type { Collection, KubernetesObject } from './collection.ts';
import { numberAt, type ObjectFields, objectAt, objectsAt, textAt } from './fields.ts';
import { podFacts } from './pod-metadata.ts';

/** A pod in one of these has ended: its address may be another pod's by now, though its status keeps it. */
const ENDED = new Set(['Failed', 'Succeeded']);

/** The label of the zone, which Kubernetes 1.35 and later copy from the node to the pod. */
const ZONE = 'topology.kubernetes.io/zone';

/**
 * Returns the collection of the pods that a label selector chooses; that it chooses none is an answer like any
 * other.
 */
export function pods(perspective: Perspective<'selector'>, malformed = new Malformed(silent)): Collection {
  const { namespace, selector } = perspective.group;
  return {
    name: 'pods',
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`,
    kinds: ['Pod'],
    namespace,
    labelSelector: selector,
    members: (object) => podMembers(object, perspective, malformed),
  };
}

/**
 * The v1 Pod as a member: of its 5 to 15 KB, under 0.5 KB. None when it has ended, has no address yet, or
 * a name, namespace or uid that breaks the rules of the API.
 */
export function podMembers(
  object: KubernetesObject,
  perspective: Perspective,
  malformed = new Malformed(silent),
): Member[] {
  const metadata = objectAt(object, 'metadata');
  const spec = objectAt(object, 'spec');
  const status = objectAt(object, 'status');
  const name = textAt(metadata, 'name');
  const uid = textAt(metadata, 'uid');
  if (name === undefined || uid === undefined) throw new Corrupt('a pod without a name or a uid');
  const namespace = textAt(metadata, 'namespace') ?? perspective.group.namespace;
  const fits = (field: string, value: string | undefined, is: (text: string) => boolean) => {
    if (value === undefined || is(value)) return true;
    malformed.note(field, value, name);
    return false;
  };
  const sound = (field: string, value: string | undefined, is: (text: string) => boolean) =>
    fits(field, value, is) ? value : undefined;
  const addresses = addressesOf(status).filter((address) => fits('address', address, isAddress));
  // A pod has a DNS name of its own only with both of them.
  const subdomain = sound('subdomain', textAt(spec, 'subdomain'), isDnsLabel);
  const given = sound('hostname', textAt(spec, 'hostname'), isDnsLabel);
  const hostname = subdomain === undefined ? undefined : given;
  const node = sound('nodeName', textAt(spec, 'nodeName'), isDnsSubdomain);
  const zone = sound('zone', textAt(objectAt(metadata, 'labels'), ZONE), isLabelValue);
  const ordinal = ordinalOf(name, hostname);
  const terminating = textAt(metadata, 'deletionTimestamp') !== undefined;
  const serving = isReady(status);
  const ports = portNumbers(spec, fits);
  const ended = ENDED.has(textAt(status, 'phase') ?? '');
  const known =
    fits('name', name, isDnsSubdomain) && fits('namespace', namespace, isDnsLabel) && fits('uid', uid, isUid);
  if (ended || addresses.length === 0 || !known) return [];
  const member: Member = {
    uid,
    name,
    namespace,
    ...(ordinal === undefined ? {} : { ordinal }),
    ...(hostname === undefined ? {} : { hostname: `${hostname}.${serviceName(subdomain!, perspective)}` }),
    addresses,
    ports,
    ...(node === undefined ? {} : { node }),
    ...(zone === undefined ? {} : { zone }),
    // A pod that terminates may serve but is not ready, as in an EndpointSlice.
    ready: serving && !terminating,
    serving,
    terminating,
    ...podFacts(metadata, perspective.memberLabels ?? [], malformed),
    ...(isSelf(perspective.self, uid, name) ? { self: true as const } : {}),
  };
  return [member];
}

/** Returns the addresses of a pod. `podIPs` begins with `podIP`; a pod that has just started may have only that. */
function addressesOf(status: ObjectFields): string[] {
  const all = [textAt(status, 'podIP'), ...objectsAt(status, 'podIPs').map((one) => textAt(one, 'ip'))];
  return [...new Set(all.filter((ip) => ip !== undefined))];
}

function isReady(status: ObjectFields): boolean {
  const ready = objectsAt(status, 'conditions').find((one) => textAt(one, 'type') === 'Ready');
  return ready !== undefined && textAt(ready, 'status') === 'True';
}

/**
 * The containers' named ports. Unnamed ones are left out: a pod may have many, of which `""` could
 * hold one, and a number that says nothing of its use helps nobody. The first of a name counts, as
 * when a Service asks for it.
 */
function portNumbers(
  spec: ObjectFields,
  fits: (field: string, value: string | undefined, is: (text: string) => boolean) => boolean,
): Record<string, number> {
  const ports: Record<string, number> = {};
  for (const port of objectsAt(spec, 'containers').flatMap((container) => objectsAt(container, 'ports'))) {
    const name = textAt(port, 'name');
    const number = numberAt(port, 'containerPort');
    if (name === undefined || number === undefined || Object.hasOwn(ports, name)) continue;
    if (fits('port name', name, isDnsLabel) && fits('port', String(number), () => isPort(number)))
      ports[name] = number;
  }
  return ports;
}
