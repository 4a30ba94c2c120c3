import { parseArgs } from 'node:util';
import {
  dnsDomain,
  dnsLabel,
  integer,
  labelSelector,
  notifyTarget,
  oneOf,
  portOrOff,
  seconds,
  serverUrl,
  sourceName,
  text,
  waitAction,
} from './values.ts';
import { parseCommand } from './watcher/texts/shell-words.ts';
import { parseTemplate } from './watcher/texts/template.ts';

/** A mistake in what the user gave. The message names the key, the value and what to do. */
export class UsageError extends Error {}

/** One setting. Its flag is `--key-in-kebab-case`, its variable `ROLLCALL_KEY_IN_SNAKE_CASE`. */
interface Setting<T> {
  doc: string;
  /** The placeholder of the value in the help, beside the flag. */
  value: string;
  /** The default, as the user would write it. Without one the setting may stay unset. */
  default?: string;
  required?: true;
  /** The flag may be given several times. The variable has one value on each line. */
  repeated?: true;
  /** Reads the value. Throws an error whose message says what to give instead. */
  parse(text: string): T;
}

type Settings = Record<string, Setting<unknown>>;

export type Config<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends { repeated: true }
    ? readonly ReturnType<S[K]['parse']>[]
    : S[K] extends { default: string } | { required: true }
      ? ReturnType<S[K]['parse']>
      : ReturnType<S[K]['parse']> | undefined;
};

const directory = {
  value: 'DIR',
  doc: 'where members.sock, members.json and the files are',
  default: '/run/rollcall',
  parse: text,
} as const;

const port = {
  value: 'PORT',
  doc: 'port for health and metrics; 0 takes any free port, off serves them at health.sock in the directory',
  default: '17655',
  parse: portOrOff,
} as const;

/** The settings of `rollcall sidecar`. They are public and stable. */
export const sidecarSettings = {
  namespace: { value: 'NAME', doc: 'namespace of the group', required: true, parse: dnsLabel },
  service: { value: 'NAME', doc: 'service whose endpoints are the group', parse: dnsLabel },
  selector: { value: 'LABELS', doc: 'with --source pods: the pods that are the group', parse: labelSelector },
  source: {
    value: 'SOURCE',
    doc: 'endpointslices, pods (by --selector) or dns (of a headless service)',
    default: 'endpointslices',
    parse: sourceName,
  },
  directory,
  port,
  file: {
    value: 'FILE=LINE',
    doc: 'keep FILE in the directory, a line a member: cluster.conf={hostname}:8848',
    repeated: true,
    parse: parseTemplate,
  },
  notify: {
    value: 'URL',
    doc: 'send every change to http://127.0.0.1:PORT/PATH or udp://127.0.0.1:PORT',
    repeated: true,
    parse: notifyTarget,
  },
  onStart: {
    value: 'COMMAND',
    doc: 'run with the first peers on its input, one a line',
    parse: parseCommand,
  },
  onChange: { value: 'COMMAND', doc: 'run with the peers whenever they change', parse: parseCommand },
  waitFor: {
    value: 'N',
    doc: 'hold the first start of the application until the group has N members',
    default: '0',
    parse: integer(0, 100_000),
  },
  waitTimeout: {
    value: 'SECONDS',
    doc: 'how long --wait-for holds the application back',
    // An application that waits for longer than a minute looks broken.
    default: '50',
    parse: seconds(1, 86_400),
  },
  waitAction: {
    value: 'ACTION',
    doc: 'what to do when that time is over: continue, or fail, which restarts the sidecar',
    default: 'continue',
    parse: waitAction,
  },
  server: { value: 'URL', doc: 'API server; in a pod, the one of the cluster', parse: serverUrl },
  tokenFile: { value: 'FILE', doc: 'bearer token; in a pod, its mounted token', parse: text },
  caFile: { value: 'FILE', doc: 'CA of the API server; in a pod, the mounted one', parse: text },
  clusterDomain: {
    value: 'DOMAIN',
    doc: 'DNS domain of the cluster; otherwise that of the search list in resolv.conf, else cluster.local',
    parse: dnsDomain,
  },
  podName: { value: 'NAME', doc: 'name of this pod, to mark it among the members', parse: text },
  podUid: { value: 'UID', doc: 'uid of this pod, which is safer than its name', parse: text },
  graceSeconds: {
    value: 'SECONDS',
    doc: 'how long to go on serving readers after SIGTERM',
    // A pod has 30 s by default to end. With less, the sidecar can still send `bye`.
    default: '25',
    parse: integer(0, 86_400),
  },
  endWithPod: {
    value: 'true|false',
    doc: 'end after the other containers of the pod, as in a Job without native sidecars',
    default: 'false',
    parse: (given: string) => oneOf('true', 'false')(given) === 'true',
  },
} as const satisfies Settings;

/**
 * The settings of `rollcall probe`. In the sidecar's container it reads the same variables as the sidecar.
 */
export const probeSettings = {
  check: {
    value: 'CHECK',
    doc: 'healthz, readyz or startz',
    default: 'healthz',
    parse: oneOf('healthz', 'readyz', 'startz'),
  },
  wait: {
    value: 'SECONDS',
    doc: 'how long to go on asking while the answer is no',
    default: '0',
    parse: seconds(0, 172_800),
  },
  directory,
  port,
} as const satisfies Settings;

/** The settings of `rollcall webhook`. */
export const webhookSettings = {
  port: {
    value: 'PORT',
    doc: 'port for HTTPS; 0 takes any free port',
    default: '8443',
    parse: integer(0, 65535),
  },
  namespace: {
    value: 'NAME',
    doc: 'namespace that the webhook runs in',
    default: 'rollcall-system',
    parse: dnsLabel,
  },
  service: { value: 'NAME', doc: 'service in front of the webhook', default: 'rollcall', parse: dnsLabel },
  image: { value: 'IMAGE', doc: 'image of the sidecar', required: true, parse: text },
  shellImage: {
    value: 'IMAGE',
    doc: 'image of a sidecar that runs commands; npm run image:shell makes one',
    parse: text,
  },
  default: {
    value: 'KEY=VALUE',
    doc: 'an annotation for pods that do not have it, nor their namespace: rollcall.dev/cpu-request=20m',
    repeated: true,
    parse: text,
  },
  nativeSidecars: {
    value: 'auto|true|false',
    doc: 'whether the cluster has native sidecars; auto goes by the version of the API server',
    default: 'auto',
    parse: oneOf('auto', 'true', 'false'),
  },
  podResources: {
    value: 'auto|true|false',
    doc: 'whether the cluster keeps resources of a pod as a whole (gate PodLevelResources); auto goes by the version of the API server',
    default: 'auto',
    parse: oneOf('auto', 'true', 'false'),
  },
  configuration: {
    value: 'NAME',
    doc: 'MutatingWebhookConfiguration that the certificates are published in',
    default: 'rollcall',
    parse: text,
  },
  secret: { value: 'NAME', doc: 'Secret that keeps the certificates', default: 'rollcall-tls', parse: text },
  kubeconfig: { value: 'FILE', doc: 'kubeconfig; in a pod, its service account', parse: text },
  clientCaFile: {
    value: 'FILE',
    doc: 'CA of the certificates that callers must have; by default every caller may ask',
    parse: text,
  },
  clientName: {
    value: 'NAME',
    doc: 'with --client-ca-file: a common name that callers may have; by default every name',
    repeated: true,
    parse: text,
  },
  callerToken: {
    value: 'verify|require',
    doc: 'token of an API server (alpha in Kubernetes 1.37): refuse a bad one, or everybody who has none',
    default: 'verify',
    parse: oneOf('verify', 'require'),
  },
} as const satisfies Settings;

export type SidecarConfig = Config<typeof sidecarSettings>;
export type ProbeConfig = Config<typeof probeSettings>;
export type WebhookConfig = Config<typeof webhookSettings>;

/** Reads each setting from its flag, else from its variable, else takes the default. Throws `UsageError`. */
export function parseConfig<S extends Settings>(
  settings: S,
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Config<S> {
  const flags = parseFlags(settings, argv);
  const config: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(settings)) {
    const given = [
      { name: `--${flagName(key)}`, values: flags[flagName(key)] ?? [] },
      {
        name: variableName(key),
        values: valuesOf(variableName(key), environment[variableName(key)], setting),
      },
    ];
    config[key] = setting.repeated ? settleAll(setting, given) : settle(setting, given);
  }
  return Object.freeze(config) as Config<S>;
}

/** Returns the part of the help that lists the settings. */
export function describeSettings(settings: Settings): string {
  const rows = Object.entries(settings).map(([key, setting]) => {
    const note = setting.required
      ? ' (required)'
      : setting.default === undefined
        ? ''
        : ` (${setting.default})`;
    return [`  --${flagName(key)} ${setting.value}`, setting.doc + note] as const;
  });
  const width = Math.max(...rows.map(([flag]) => flag.length)) + 2;
  return rows.map(([flag, doc]) => flag.padEnd(width) + doc).join('\n');
}

export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export function variableName(key: string): string {
  return `ROLLCALL_${flagName(key).replaceAll('-', '_').toUpperCase()}`;
}

function parseFlags(settings: Settings, argv: readonly string[]): Record<string, string[]> {
  const names = Object.keys(settings).map(flagName);
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true });
  const flags: Record<string, string[]> = {};
  for (const token of tokens) {
    if (token.kind === 'positional') {
      throw new UsageError(`"${token.value}" is not expected; settings are given as --flag value`);
    }
    if (token.kind !== 'option') continue;
    if (!names.includes(token.name)) {
      throw new UsageError(
        `${token.rawName} is not a flag; there are ${names.map((n) => `--${n}`).join(' ')}`,
      );
    }
    if (token.value === undefined) throw new UsageError(`${token.rawName} needs a value`);
    flags[token.name] = [...(flags[token.name] ?? []), token.value];
  }
  return flags;
}

/**
 * The places where a setting was given, the stronger one first. Where a place has several values, the last
 * counts.
 */
type Given = { name: string; values: string[] }[];

/**
 * Returns the values in a variable. There are none when it is empty, as manifests leave it, and none in the
 * ROLLCALL_PORT=tcp://10.0.0.1:443 that the kubelet sets in every pod beside a Service `rollcall`.
 */
function valuesOf(name: string, value: string | undefined, { repeated }: Setting<unknown>): string[] {
  if (value === undefined || (name === 'ROLLCALL_PORT' && /^(tcp|udp|sctp):\/\//.test(value))) return [];
  return (repeated ? value.split('\n') : [value]).filter((one) => one !== '');
}

function settleAll(setting: Setting<unknown>, given: Given): unknown[] {
  const source = given.find(({ values }) => values.length > 0);
  return source === undefined ? [] : source.values.map((value) => parseValue(setting, source.name, value));
}

function settle(setting: Setting<unknown>, given: Given): unknown {
  for (const { name, values } of given) {
    const value = values.at(-1);
    if (value !== undefined) return parseValue(setting, name, value);
  }
  if (setting.default !== undefined) return setting.parse(setting.default);
  if (!setting.required) return undefined;
  const [flag, variable] = given.map(({ name }) => name);
  throw new UsageError(`${flag} is missing; give it, or set ${variable} (${setting.doc})`);
}

function parseValue(setting: Setting<unknown>, name: string, value: string): unknown {
  try {
    return setting.parse(value);
  } catch (error) {
    throw new UsageError(`${name}: "${value}" is not valid; ${(error as Error).message}`);
  }
}
