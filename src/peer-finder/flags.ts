import { isIP } from 'node:net';
import { UsageError } from '../config.ts';
import { dnsLabel, labelSelector, oneOf, serverUrl } from '../values.ts';
import type { CredentialTexts } from '../watcher/kubernetes/credentials.ts';
import type { UpstreamOptions } from '../watcher/kubernetes/upstream.ts';
import { LOG_LEVELS, type LogLevel } from '../watcher/log.ts';
import type { AddressType } from '../watcher/outputs/hooks.ts';
import type { Group } from '../watcher/protocol.ts';
import { parseCommand } from '../watcher/texts/shell-words.ts';

/**
 * The options of peer-finder. `upstream` has only what was given by flags; a pod has defaults for the rest.
 */
export interface PeerFinderOptions {
  onStart: readonly string[] | undefined;
  onChange: readonly string[] | undefined;
  /** The group of the peers. With a selector the peers are pods, and the service is only a name. */
  group: Group;
  clusterDomain: string;
  addressType: AddressType;
  hostsFile: string;
  upstream: UpstreamOptions & CredentialTexts;
  kubeconfig: string | undefined;
  /** The flags that were given but have no effect here, each once. */
  ignored: readonly string[];
  dnsServer: string | undefined;
  logLevel: LogLevel;
}

/** The defaults that come from the pod, where no flag is given. */
export interface FlagPlace {
  environment: Readonly<Record<string, string | undefined>>;
  namespace: string | undefined;
  clusterDomain: string;
}

/**
 * The flags, those of the original peer-finder first. An empty value, as templates leave it, counts as not
 * given.
 */
export const flags = {
  'on-start': {
    value: 'COMMAND',
    doc: 'command that runs once with the first peers on its input, one a line',
  },
  'on-change': {
    value: 'COMMAND',
    doc: 'command that runs whenever the peers change; without -on-start also with the first peers',
  },
  service: { value: 'NAME', doc: 'headless Service of the pods' },
  ns: { value: 'NAME', doc: 'namespace of the pods (default POD_NAMESPACE, else that of this pod)' },
  domain: { value: 'NAME', doc: 'domain of the cluster (default the one in /etc/resolv.conf)' },
  selector: { value: 'LABELS', doc: 'labels of the pods, in place of a service' },
  'address-type': { value: 'TYPE', doc: 'form of the name of a peer: DNS, IP, IPv4 or IPv6 (default DNS)' },
  'hosts-file': { value: 'FILE', doc: 'with -selector, file to keep the pods in (default /etc/hosts)' },
  server: { value: 'URL', doc: 'API server (default the one of the cluster); -master is the same' },
  kubeconfig: {
    value: 'FILE',
    doc: 'file with the API server, its CA and the bearer token; other flags override it',
  },
  'token-file': { value: 'FILE', doc: 'file of the bearer token (default that of the pod)' },
  'ca-file': { value: 'FILE', doc: 'file of the CA of the API server (default that of the pod)' },
  'dns-server': { value: 'IP[:PORT]', doc: 'DNS server (default those of /etc/resolv.conf)' },
  'log-level': {
    value: 'LEVEL',
    doc: 'level of the log: debug, info, warn or error; debug tells every change of the peers (default info)',
  },
} as const;

type FlagName = keyof typeof flags;

/**
 * The switches of klog, the logging library of the original peer-finder. They take a value only after "=".
 */
const SWITCHES = new Set([
  'add_dir_header',
  'alsologtostderr',
  'legacy_stderr_threshold_behavior',
  'logtostderr',
  'one_output',
  'skip_headers',
  'skip_log_headers',
]);
/** The flags of klog. Manifests give them, so they are accepted, but they change nothing. */
const WITHOUT_EFFECT = new Set([
  ...SWITCHES,
  'alsologtostderrthreshold',
  'log_backtrace_at',
  'log_dir',
  'log_file',
  'log_file_max_size',
  'log-flush-frequency',
  'stderrthreshold',
  'v',
  'vmodule',
]);
const ALIASES: ReadonlyMap<string, FlagName> = new Map([['master', 'server']]);

const ADDRESS_TYPES: readonly AddressType[] = ['DNS', 'IP', 'IPv4', 'IPv6'];

/** Reads the command line. Throws a `UsageError` that names the flag, its value and what to give instead. */
export function parseFlags(argv: readonly string[], place: FlagPlace): PeerFinderOptions {
  const { given, ignored } = readFlags(argv);
  const { service, selector, server } = given;
  const onStart = commandOf('on-start', given);
  const onChange = commandOf('on-change', given);
  if (onStart === undefined && onChange === undefined)
    throw new UsageError('-on-start and -on-change are missing; give the script to run, one of them or both');
  if (service === undefined && selector === undefined)
    throw new UsageError('-service is missing; give the headless Service of the pods, or their -selector');
  if (service?.includes('.'))
    throw wrong('service', service, 'give the name alone, such as db; the namespace is given by -ns');
  check('service', service, dnsLabel);
  check('selector', selector, labelSelector);
  check('server', server, serverUrl);
  check('dns-server', given['dns-server'], dnsServer);
  return {
    onStart,
    onChange,
    group: {
      namespace: namespaceOf(given, place),
      ...(service === undefined ? {} : { service }),
      ...(selector === undefined ? {} : { selector }),
    },
    clusterDomain: domainOf(given, place),
    addressType: addressTypeOf(given),
    hostsFile: given['hosts-file'] ?? '/etc/hosts',
    upstream: { server, tokenFile: given['token-file'], caFile: given['ca-file'] },
    kubeconfig: given.kubeconfig,
    ignored,
    dnsServer: given['dns-server'],
    logLevel: check('log-level', given['log-level'], oneOf(...LOG_LEVELS)) ?? 'info',
  };
}

type FlagTexts = Partial<Record<FlagName, string>>;

/**
 * Reads flags as Go's flag package does: with one dash or two, as `-flag value` or `-flag=value`. The last
 * one counts.
 */
function readFlags(argv: readonly string[]): { given: FlagTexts; ignored: string[] } {
  const given: FlagTexts = {};
  const ignored = new Set<string>();
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, dashed, after] = /^--?([^-=][^=]*)(?:=([\s\S]*))?$/.exec(word) ?? [];
    if (dashed === undefined)
      throw new UsageError(`"${word}" is not expected; give -flag value, and quote a value with spaces`);
    const name = ALIASES.get(dashed) ?? dashed;
    if (!Object.hasOwn(flags, name) && !WITHOUT_EFFECT.has(name))
      throw new UsageError(`-${name} is not a flag; there are ${names().join(' ')}`);
    if (WITHOUT_EFFECT.has(name)) ignored.add(`-${name}`);
    if (SWITCHES.has(name)) continue;
    const value = after ?? rest.shift();
    if (value === undefined) throw new UsageError(`-${name} needs a value; give -${name} VALUE`);
    if (WITHOUT_EFFECT.has(name)) continue;
    if (value === '') delete given[name as FlagName];
    else given[name as FlagName] = value;
  }
  return { given, ignored: [...ignored] };
}

export function names(): string[] {
  return Object.keys(flags).map((name) => `-${name}`);
}

function commandOf(name: 'on-start' | 'on-change', given: FlagTexts): string[] | undefined {
  return check(name, given[name], parseCommand);
}

function check<T>(name: string, text: string | undefined, parse: (text: string) => T): T | undefined {
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (error) {
    throw wrong(name, text, (error as Error).message);
  }
}

function dnsServer(text: string): void {
  if (isIP(text.replace(/:\d+$/, '')) === 4 || isIP(text.replace(/^\[(.*)\](:\d+)?$/, '$1')) === 6) return;
  throw new Error('give an address such as 10.96.0.10, 127.0.0.1:5353 or [::1]:5353');
}

function namespaceOf({ ns }: FlagTexts, { environment, namespace }: FlagPlace): string {
  const found = ns ?? (environment.POD_NAMESPACE || namespace);
  if (found === undefined)
    throw new UsageError('-ns is missing, and so is POD_NAMESPACE; give the namespace of the pods');
  check(ns === undefined ? 'ns (POD_NAMESPACE)' : 'ns', found, dnsLabel);
  return found;
}

function domainOf({ domain }: FlagTexts, { clusterDomain }: FlagPlace): string {
  if (domain === undefined) return clusterDomain;
  const bare = domain.replace(/^\.+|\.+$/g, '');
  if (/^svc\.|\.svc\./.test(`${bare}.`))
    throw wrong('domain', domain, 'give the domain of the cluster alone, such as cluster.local');
  if (/^[\w-]+(\.[\w-]+)*$/.test(bare)) return bare;
  throw wrong('domain', domain, 'give a domain such as cluster.local');
}

function addressTypeOf({ 'address-type': given = 'DNS' }: FlagTexts): AddressType {
  const type = ADDRESS_TYPES.find((one) => one === given);
  if (type === undefined) throw wrong('address-type', given, 'give DNS, IP, IPv4 or IPv6');
  return type;
}

function wrong(flag: string, value: string, fix: string): UsageError {
  return new UsageError(`-${flag}: "${value}" is not valid; ${fix}`);
}

export function describeFlags(): string {
  const rows = Object.entries(flags).map(([name, { value, doc }]) => [`  -${name} ${value}`, doc] as const);
  const width = Math.max(...rows.map(([flag]) => flag.length)) + 2;
  return rows.map(([flag, doc]) => flag.padEnd(width) + doc).join('\n');
}
