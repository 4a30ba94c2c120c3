/**
 * The settings of the commands in the sidecar's container. A setting stands in one row: its flag, variable and
 * annotation are named after its key, and the help, docs/reference.md, the variables of the injected container
 * and the keys that the policies of deploy/ know are made from the rest.
 */
import {
  parseFile,
  parseNamedExpected,
  parseNamedFile,
  parseNamedGroup,
  parseNamedLabels,
  parseNamedOwner,
  parseNamedWait,
} from './named-group.ts';
import type { Config, Setting, SettingsTable } from './setting.ts';
import {
  command,
  dnsDomain,
  dnsLabel,
  expectedByAnnotation,
  integer,
  labelKeys,
  labelSelector,
  notifyTarget,
  notifyTargets,
  oneOf,
  portOrOff,
  seconds,
  serverUrl,
  serviceName,
  sourceName,
  text,
  trueOrFalse,
  waitAction,
  waitCondition,
} from './values.ts';
import {
  CHECKS,
  DIRECTORY,
  FILE_NAME,
  GRACE_SECONDS,
  HEALTH_NAME,
  MAX_SECONDS,
  PORT,
  SOCKET_NAME,
  WAIT_SECONDS,
} from './watcher/contract.ts';
import { LOG_LEVELS } from './watcher/log.ts';
import { parseExpected } from './watcher/texts/expected.ts';

/**
 * The places where an annotation counts. Whatever runs, sends, mounts or changes an identity is for the pod or
 * the installation to say: a person who may only annotate a namespace must not run commands in the pods of others.
 */
export type AnnotationPlace = 'pod' | 'namespace' | 'namespace-only' | 'both' | 'pod-or-installation';

/** The annotation `rollcall.dev/KEY`, by which pods and namespaces give a setting. */
export interface Annotation {
  on: AnnotationPlace;
  example: string;
  /** The advice to the author of a pod beside the doc, in Markdown: for docs/reference.md. */
  more?: string;
  /** The value when nobody writes the annotation, in Markdown, where that is not the default of the setting. */
  otherwise?: string;
  /** Reads the value, where an annotation takes another text than the flag. */
  parse?(text: string): unknown;
  /**
   * There is a family of keys: `rollcall.dev/KEY.NAME: VALUE` goes to the sidecar as `NAME=VALUE`. This is a NAME that
   * can be, with which a value is read for which nobody has said one.
   */
  named?: string;
  /** KEY, where it is not that of the row: a family may stand beside a single key, as `wait-for.NAME` does. */
  key?: string;
}

/** A setting of the sidecar, and how it comes into the injected container. */
export interface SidecarSetting<T> extends Setting<T> {
  annotation?: Annotation;
  /** The field of the pod that the container takes the value from. */
  podField?: string;
  /** The settings without all of which this one means nothing. The container has it where it has one of them. */
  goesWith?: readonly string[];
}

const directory = {
  value: 'DIR',
  doc: `folder of \`${SOCKET_NAME}\`, \`${FILE_NAME}\` and the other files`,
  default: DIRECTORY,
  parse: text,
} as const;

const port = {
  value: 'PORT',
  doc: `port of ${CHECKS.map((check) => `\`/${check}\``).join(', ')} and \`/metrics\`; with \`off\` they are at \`${HEALTH_NAME}\` beside the socket only`,
  note: '`0` takes any free port',
  default: `${PORT}`,
  parse: portOrOff(0),
} as const;

/** The settings of `rollcall sidecar`. They are public and stable. */
export const sidecarSettings = {
  namespace: {
    value: 'NAME',
    doc: 'namespace of the group',
    required: true,
    parse: dnsLabel,
    podField: 'metadata.namespace',
  },
  service: {
    value: 'NAME',
    doc: 'Service whose endpoints are the group',
    parse: serviceName,
    annotation: {
      on: 'both',
      example: 'db',
      otherwise: '`spec.subdomain` of the pod, which a StatefulSet sets to its `serviceName`',
    },
  },
  selector: {
    value: 'LABELS',
    doc: 'labels of the pods that are the group, in place of a Service',
    note: 'it needs `--source pods`',
    parse: labelSelector,
    annotation: { on: 'both', example: 'app=db,role!=backup', otherwise: 'the group goes by a Service' },
  },
  source: {
    value: 'SOURCE',
    doc: 'where the membership comes from: `endpointslices` or `dns` of a Service, or `pods` of a selector',
    default: 'endpointslices',
    parse: sourceName,
    annotation: {
      on: 'both',
      example: 'dns',
      more: '`dns` needs no rights, except for an ordinary sidecar in a Job',
      otherwise: '`pods` with a selector, else `endpointslices`',
    },
  },
  waitFor: {
    value: 'CONDITION',
    doc: 'what the first start of the application waits for: so many members (`3`), so many that are ready (`3 ready`), as many as are expected (`all`, `all ready`), or the member of an ordinal (`ordinal 0 ready`)',
    default: '0',
    parse: waitCondition,
    annotation: {
      on: 'both',
      example: '3 ready',
      more: 'the pod itself counts, ready or not, and no member that terminates does; its own group can be waited for with a native sidecar, and over DNS with `publishNotReadyAddresses`',
      parse: waitCondition,
    },
  },
  group: {
    value: 'NAME=WHAT',
    doc: 'a further group under a name: `service tcp-servers`, `pods app=worker` or `dns tcp-servers`, and `service tcp-servers in team-b` for a Service of another namespace; its socket and its files are in a folder of that name',
    repeated: true,
    parse: parseNamedGroup,
    annotation: {
      on: 'both',
      named: 'backends',
      example: 'service tcp-servers',
      more: 'where a group has a name, the first one may be left out',
      otherwise: 'the first group alone',
    },
  },
  waitForGroup: {
    value: 'NAME=CONDITION',
    doc: 'what the first start of the application waits for in a further group',
    repeated: true,
    parse: parseNamedWait,
    annotation: {
      on: 'both',
      key: 'wait-for',
      named: 'backends',
      example: '2 ready',
      more: 'the application starts when every group is as it is to be',
      otherwise: 'until the group is known, for 10 s at most',
    },
  },
  expectedOfGroup: {
    value: 'NAME=WORKLOAD|N',
    doc: 'workload whose replicas are the members of a further group, such as `deployment tcp-servers`, or their number',
    repeated: true,
    parse: parseNamedExpected,
    annotation: {
      on: 'pod-or-installation',
      key: 'expected',
      named: 'backends',
      example: 'deployment tcp-servers',
      more: 'as for the first group; of a group of another namespace it is a number',
      otherwise: 'nobody says how many members it is to have',
      parse: parseNamedOwner,
    },
  },
  memberLabelsOfGroup: {
    value: 'NAME=KEYS',
    doc: 'labels of the pods that members of a further group have',
    repeated: true,
    parse: parseNamedLabels,
    annotation: {
      on: 'both',
      key: 'member-labels',
      named: 'backends',
      example: 'role',
      more: 'as for the first group; a group of another namespace has none',
      otherwise: 'its members have no labels',
    },
  },
  groupFile: {
    value: 'NAME.FILE=LINE',
    doc: 'keep a file in the folder of a further group, with one line a member',
    repeated: true,
    parse: parseNamedFile,
    annotation: {
      on: 'both',
      named: 'backends.upstream.conf',
      example: 'server {ipv4}:{port};',
      more: 'NAME is `GROUP.FILE`, such as `rollcall.dev/group-file.backends.upstream.conf`',
      otherwise: `\`${FILE_NAME}\` alone`,
    },
  },
  waitTimeout: {
    value: 'SECONDS',
    doc: 'longest time that the application waits for those members',
    default: `${WAIT_SECONDS}s`,
    parse: seconds(1, MAX_SECONDS),
    goesWith: ['waitFor', 'waitForGroup'],
    annotation: { on: 'both', example: '5m' },
  },
  waitAction: {
    value: 'ACTION',
    doc: 'what happens when `wait-timeout` is over: `continue` starts the application all the same, `fail` restarts the sidecar and waits anew',
    default: 'continue',
    parse: waitAction,
    goesWith: ['waitFor', 'waitForGroup'],
    annotation: { on: 'both', example: 'fail' },
  },
  expected: {
    value: 'WORKLOAD|N',
    doc: 'workload whose replicas are the members of the group, such as `statefulset db`, or their number; the stream tells it, so that a scale-down can be told from an outage',
    note: 'it is read in the namespace of the group: `get` on the `scale` of the workload',
    parse: parseExpected,
    annotation: {
      on: 'pod-or-installation',
      example: 'owner',
      more: '`owner` is the workload of the pod: its StatefulSet, Deployment, ReplicaSet, or the size of its LeaderWorkerSet; the account of the sidecar may then read counts of replicas in its namespace, and nothing else of workloads',
      otherwise: 'nobody says how many members there are to be',
      parse: expectedByAnnotation,
    },
  },
  memberLabels: {
    value: 'KEYS',
    doc: 'labels of the pods that members have, such as `role,app.kubernetes.io/version`',
    note: 'with the source `endpointslices` the metadata of the pods of the namespace is followed too',
    parse: labelKeys,
    annotation: {
      on: 'both',
      example: 'role,app.kubernetes.io/version',
      more: 'the namespace has to allow it with `rollcall.dev/pod-access`, and members then have a `deadline` too',
      otherwise: 'members have no labels',
    },
  },
  file: {
    value: 'NAME=LINE',
    doc: 'keep a file of this name beside the socket, with one line a member, such as `{hostname}:8848`',
    repeated: true,
    parse: parseFile,
    annotation: {
      on: 'both',
      named: 'peers.conf',
      example: '{hostname}:8848',
      more: 'the placeholders are listed below; `where label:KEY=VALUE`, `zone=`, `node=` or `!=` at the end chooses members',
      otherwise: `\`${FILE_NAME}\` alone`,
    },
  },
  notify: {
    value: 'URL',
    doc: 'send every change to the application, at `http://127.0.0.1:PORT/PATH` or `udp://127.0.0.1:PORT`',
    repeated: true,
    parse: notifyTarget,
    annotation: {
      on: 'pod-or-installation',
      example: 'http://127.0.0.1:8080/members',
      more: 'several are separated by spaces',
      otherwise: 'nobody is notified',
      parse: notifyTargets,
    },
  },
  onStart: {
    value: 'COMMAND',
    doc: 'command that the sidecar runs with the first peers on its input, one a line',
    parse: command,
    annotation: { on: 'pod-or-installation', example: '/scripts/on-start.sh', otherwise: 'none' },
  },
  onChange: {
    value: 'COMMAND',
    doc: 'command that the sidecar runs with the peers whenever they change',
    parse: command,
    annotation: { on: 'pod-or-installation', example: '/scripts/on-change.sh', otherwise: 'none' },
  },
  port: {
    ...port,
    annotation: {
      on: 'both',
      example: '9100',
      otherwise: `${PORT}; \`off\` with hostNetwork, or where a container of the pod has that port`,
      parse: portOrOff(1),
    },
  },
  logLevel: {
    value: 'LEVEL',
    doc: 'level of the log: `debug`, `info`, `warn` or `error`; messages below it are left out, and `debug` tells every change of the membership',
    default: 'info',
    parse: oneOf(...LOG_LEVELS),
    annotation: { on: 'both', example: 'debug' },
  },
  graceSeconds: {
    value: 'SECONDS',
    doc: 'how long the sidecar goes on serving readers after SIGTERM',
    default: `${GRACE_SECONDS}`,
    parse: integer(0, MAX_SECONDS),
  },
  endWithPod: {
    value: 'true|false',
    doc: 'end after the other containers of the pod, as in a Job without native sidecars',
    default: 'false',
    parse: trueOrFalse,
  },
  podName: {
    value: 'NAME',
    doc: 'name of this pod, to mark it among the members',
    parse: text,
    podField: 'metadata.name',
  },
  podUid: {
    value: 'UID',
    doc: 'uid of this pod, which is safer than its name',
    parse: text,
    podField: 'metadata.uid',
  },
  nodeName: {
    value: 'NAME',
    doc: 'node of this pod, which the stream tells the application',
    parse: text,
    podField: 'spec.nodeName',
  },
  zone: {
    value: 'NAME',
    doc: 'zone of this pod, which the stream tells the application; the label of the pod that Kubernetes 1.35 and later copy from its node',
    parse: text,
    podField: "metadata.labels['topology.kubernetes.io/zone']",
  },
  directory,
  server: { value: 'URL', doc: 'API server; in a pod, the one of the cluster', parse: serverUrl },
  tokenFile: { value: 'FILE', doc: 'bearer token; in a pod, its mounted token', parse: text },
  caFile: { value: 'FILE', doc: 'CA of the API server; in a pod, the mounted one', parse: text },
  clusterDomain: {
    value: 'DOMAIN',
    doc: 'DNS domain of the cluster; otherwise that of the search list in resolv.conf, else `cluster.local`',
    parse: dnsDomain,
  },
} as const satisfies Readonly<Record<string, SidecarSetting<unknown>>>;

/** The settings of `rollcall probe`. In the sidecar's container it reads the same variables as the sidecar. */
export const probeSettings = {
  check: {
    value: 'CHECK',
    doc: `question to ask, one of ${CHECKS.map((check) => `\`${check}\``).join(', ')}`,
    default: CHECKS[0],
    parse: oneOf(...CHECKS),
  },
  wait: {
    value: 'SECONDS',
    doc: 'how long to go on asking while the answer is no',
    default: '0',
    // The longest wait for members, and as much again.
    parse: seconds(0, 2 * MAX_SECONDS),
  },
  tell: {
    value: 'true|false',
    doc: 'answer no once more when the application has just been let start without what it waited for, so that the reason is in an Event of the pod',
    default: 'false',
    parse: trueOrFalse,
  },
  directory,
  port,
} as const satisfies SettingsTable;

export type SidecarConfig = Config<typeof sidecarSettings>;
export type ProbeConfig = Config<typeof probeSettings>;
