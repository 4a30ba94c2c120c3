/** Every public key: what users write on pods and namespaces, and the one that we write. */
import {
  dnsLabel,
  integer,
  labelSelector,
  names,
  notifyTarget,
  oneOf,
  seconds,
  sourceName,
  waitAction,
} from '../values.ts';
import { parseCommand } from '../watcher/texts/shell-words.ts';
import { parseTemplate } from '../watcher/texts/template.ts';
import { mountPath } from './mount-path.ts';
import { quantity } from './quantity.ts';

/** The places where a key may be written, the strongest first. */
export const WRITTEN = ['pod', 'namespace', 'installation'] as const;
export type Written = (typeof WRITTEN)[number];

/**
 * Where a key may be written. What runs, sends, mounts or changes identity is said by the pod or the
 * installation: who may only annotate a namespace is not to run commands in the pods of others.
 */
export const PLACES = {
  pod: ['pod'],
  namespace: ['namespace', 'installation'],
  both: WRITTEN,
  'pod-or-installation': ['pod', 'installation'],
} as const satisfies Record<string, readonly Written[]>;
export type Place = keyof typeof PLACES;

export interface Key<T> {
  /** Of `file.`, the part that all such keys begin with. */
  key: string;
  on: Place;
  kind: 'annotation' | 'label';
  doc: string;
  example: string;
  /** As if it had been written. */
  default?: string;
  /** What holds when nobody writes it; for the reference. */
  otherwise?: string;
  /** Throws a message that says what to write instead. */
  parse(text: string): T;
}

export const PREFIX = 'rollcall.dev/';

/** Each is sent every change; a pod has a few processes that listen. */
const TARGETS = 16;

/** A loopback address, or several, apart by spaces. */
function targets(text: string): string[] {
  const all = text.split(/\s+/).filter((target) => target !== '');
  if (all.length === 0) throw new Error('write http://127.0.0.1:PORT/PATH or udp://127.0.0.1:PORT');
  if (all.length > TARGETS) throw new Error(`there are ${all.length} of them; write at most ${TARGETS}`);
  return all.map(notifyTarget);
}

/** Checked here, split into words by the sidecar. */
function command(text: string): string {
  parseCommand(text);
  return text;
}

function objectName(text: string): string {
  if (/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(text)) return text;
  throw new Error('write the name of a ConfigMap in the namespace of the pod');
}

function serviceName(text: string): string {
  try {
    return dnsLabel(text);
  } catch {
    throw new Error(
      'write the name of a Service in the namespace of the pod: at most 63 lower-case letters, digits and "-"',
    );
  }
}

function port(text: string): number | 'off' {
  if (text === 'off') return text;
  try {
    return integer(1, 65535)(text);
  } catch {
    throw new Error('write a number from 1 to 65535, or "off" for no port at all');
  }
}

/** Of `rollcall.dev/file.NAME`, the NAME and the line: what the sidecar takes. */
export function fileTemplate(name: string, line: string): string {
  parseTemplate(`${name}=${line}`);
  return `${name}=${line}`;
}

export const keys = {
  inject: {
    key: 'rollcall.dev/inject',
    on: 'pod',
    kind: 'annotation',
    doc: 'whether this pod gets the sidecar; decides over the label of the namespace',
    example: 'true',
    otherwise: 'what the label of the namespace says',
    parse: (text: string) => oneOf('true', 'false')(text) === 'true',
  },
  service: {
    key: 'rollcall.dev/service',
    on: 'both',
    kind: 'annotation',
    doc: 'the Service whose endpoints are the group',
    example: 'db',
    otherwise: '`spec.subdomain` of the pod, which a StatefulSet sets to its `serviceName`',
    parse: serviceName,
  },
  selector: {
    key: 'rollcall.dev/selector',
    on: 'both',
    kind: 'annotation',
    doc: 'labels of the pods that are the group, in place of a Service',
    example: 'app=db,role!=backup',
    otherwise: 'the group goes by a Service',
    parse: labelSelector,
  },
  source: {
    key: 'rollcall.dev/source',
    on: 'both',
    kind: 'annotation',
    doc: 'where membership comes from: `endpointslices` or `dns` of a Service, `pods` of a selector; `dns` needs no rights, but for an ordinary sidecar in a Job',
    example: 'dns',
    otherwise: '`pods` with a selector, else `endpointslices`',
    parse: sourceName,
  },
  waitFor: {
    key: 'rollcall.dev/wait-for',
    on: 'both',
    kind: 'annotation',
    doc: 'hold the first start of the application until the group has so many members, ready or not, itself included; its own group can be waited for with a native sidecar, and over DNS with `publishNotReadyAddresses`',
    example: '3',
    default: '0',
    parse: integer(0, 100_000),
  },
  waitTimeout: {
    key: 'rollcall.dev/wait-timeout',
    on: 'both',
    kind: 'annotation',
    doc: 'how long to wait for them',
    example: '5m',
    default: '50s',
    // A startup probe counts up to the largest 32-bit number; a day is more than anybody waits.
    parse: seconds(1, 86_400),
  },
  waitAction: {
    key: 'rollcall.dev/wait-action',
    on: 'both',
    kind: 'annotation',
    doc: 'what then: `continue` starts the application all the same, `fail` restarts the sidecar and waits anew',
    example: 'fail',
    default: 'continue',
    parse: waitAction,
  },
  mountPath: {
    key: 'rollcall.dev/mount-path',
    on: 'pod-or-installation',
    kind: 'annotation',
    doc: 'where the application finds the socket and the files',
    example: '/var/run/peers',
    default: '/run/rollcall',
    parse: mountPath,
  },
  containers: {
    key: 'rollcall.dev/containers',
    on: 'pod-or-installation',
    kind: 'annotation',
    doc: 'the containers, init containers among them, that get the mount',
    example: 'db,backup',
    otherwise: 'all containers, no init container',
    parse: names,
  },
  file: {
    key: 'rollcall.dev/file.',
    on: 'both',
    kind: 'annotation',
    doc: 'keep the file of this name beside the socket, one line a member; the placeholders are listed below',
    example: '{hostname}:8848',
    otherwise: '`members.json` alone',
    parse: (line: string) => fileTemplate('any', line),
  },
  notify: {
    key: 'rollcall.dev/notify',
    on: 'pod-or-installation',
    kind: 'annotation',
    doc: 'send every change to the application over HTTP or UDP, on loopback only; several, apart by spaces',
    example: 'http://127.0.0.1:8080/members',
    otherwise: 'nobody is notified',
    parse: targets,
  },
  onStart: {
    key: 'rollcall.dev/on-start',
    on: 'pod-or-installation',
    kind: 'annotation',
    doc: 'command that runs in the sidecar with the first peers on its input, one a line',
    example: '/scripts/on-start.sh',
    otherwise: 'none',
    parse: command,
  },
  onChange: {
    key: 'rollcall.dev/on-change',
    on: 'pod-or-installation',
    kind: 'annotation',
    doc: 'command that runs in the sidecar with the peers whenever they change',
    example: '/scripts/on-change.sh',
    otherwise: 'none',
    parse: command,
  },
  scripts: {
    key: 'rollcall.dev/scripts',
    on: 'pod-or-installation',
    kind: 'annotation',
    doc: 'ConfigMap whose files the sidecar finds in `/scripts`; with it, or with a command, the sidecar runs in the image that has a shell',
    example: 'db-scripts',
    otherwise: 'none',
    parse: objectName,
  },
  cpuRequest: {
    key: 'rollcall.dev/cpu-request',
    on: 'both',
    kind: 'annotation',
    doc: 'what the sidecar requests; like the three below it is kept within the LimitRanges of the namespace',
    example: '20m',
    default: '10m',
    parse: quantity('20m'),
  },
  cpuLimit: {
    key: 'rollcall.dev/cpu-limit',
    on: 'both',
    kind: 'annotation',
    doc: 'what the sidecar may use; a pod of class Guaranteed gets requests that are its limits, 100m unless this is set',
    example: '1',
    default: '500m',
    parse: quantity('1'),
  },
  memoryRequest: {
    key: 'rollcall.dev/memory-request',
    on: 'both',
    kind: 'annotation',
    doc: 'what the sidecar requests',
    example: '64Mi',
    // Node and a group of 10.
    default: '48Mi',
    parse: quantity('64Mi'),
  },
  memoryLimit: {
    key: 'rollcall.dev/memory-limit',
    on: 'both',
    kind: 'annotation',
    doc: 'what the sidecar may use, with the memory volume',
    example: '256Mi',
    // Node, a group of 10,000, 64 slow readers, and the memory volume, which counts here.
    default: '128Mi',
    parse: quantity('256Mi'),
  },
  port: {
    key: 'rollcall.dev/port',
    on: 'both',
    kind: 'annotation',
    doc: 'port of `/healthz`, `/readyz`, `/startz` and `/metrics`; with `off` they are at `health.sock` beside the socket only',
    example: '9100',
    otherwise: '17655; `off` with hostNetwork, or where a container of the pod has that port',
    parse: port,
  },
  nativeSidecar: {
    key: 'rollcall.dev/native-sidecar',
    on: 'both',
    kind: 'annotation',
    doc: 'whether the sidecar is an init container that goes on running; `false` makes it the first ordinary container, which ends with the others of a Job',
    example: 'false',
    default: 'auto',
    parse: oneOf('auto', 'true', 'false'),
  },
  serviceAccount: {
    key: 'rollcall.dev/service-account',
    on: 'pod-or-installation',
    kind: 'annotation',
    doc: '`auto` replaces the account `default` by one of Rollcall, but not of a pod that shows it to others by a token of its own or a CSI volume, and binds any other; `scoped` replaces any, `keep` binds any',
    example: 'keep',
    default: 'auto',
    parse: oneOf('auto', 'scoped', 'keep'),
  },
  podAccess: {
    key: 'rollcall.dev/pod-access',
    on: 'namespace',
    kind: 'annotation',
    doc: 'whether accounts of the namespace may be given the right to read its pods, all that stands in them included; a selector takes it, and an ordinary sidecar in a Job',
    example: 'true',
    default: 'false',
    parse: oneOf('true', 'false'),
  },
  status: {
    key: 'rollcall.dev/status',
    on: 'pod',
    kind: 'annotation',
    doc: 'written at injection: version, group, how the account was chosen, and what it takes to undo it; nothing is decided by it',
    example: '{"version":"0.1.0","service":"db","account":"scoped"}',
    parse: (text: string) => text,
  },
  injection: {
    key: 'rollcall.dev/injection',
    on: 'namespace',
    kind: 'label',
    doc: '`enabled` gives every pod of the namespace the sidecar, where the pod does not say otherwise',
    example: 'enabled',
    otherwise: 'only pods that ask are injected',
    parse: (text: string) => text === 'enabled',
  },
} as const satisfies Record<string, Key<unknown>>;
