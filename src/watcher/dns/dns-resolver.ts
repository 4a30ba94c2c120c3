import { type Clock, outcomeOf, Timeout, ticking } from '../clock.ts';

export interface SrvRecord {
  /** Domain name of one member, or of the service itself when it is not headless. */
  target: string;
  port: number;
}

export interface AddressRecord {
  address: string;
  /** The time to live, in seconds. */
  ttl: number;
}

/**
 * Asks one question about an absolute name. Rejects with an error whose `code` is one of Node's DNS
 * error codes when there is no answer, `ENOTFOUND` (no such name) and `ENODATA` (no such record) included.
 */
export interface DnsResolver {
  srv(name: string): Promise<SrvRecord[]>;
  a(name: string): Promise<AddressRecord[]>;
  aaaa(name: string): Promise<AddressRecord[]>;
}

/**
 * The longest that a question may take: more than both tries at one server, the second of which waits twice as
 * long as the first.
 */
const QUERY_MS = 5000;

const MEANINGS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such name',
  ENODATA: 'no such record',
  ESERVFAIL: 'the DNS server failed',
  EREFUSED: 'the DNS server refused to answer',
  ETIMEOUT: 'no answer',
  ECONNREFUSED: 'there is no DNS server',
  // CoreDNS says this when the answer does not fit into a DNS message.
  EFORMERR: 'no answer that makes sense; the group may be too large for DNS, so follow the EndpointSlices',
};

export type RecordKind = 'SRV' | 'A' | 'AAAA';

/** This failure says that a question was not answered, or not with what was asked for. */
export class DnsFailure extends Error {
  readonly code: string;

  constructor(kind: RecordKind, name: string, code: string, meaning: string) {
    super(`DNS: ${kind} ${name}: ${meaning}`);
    this.code = code;
  }

  /** Returns whether the server says that there is none; whether to believe that depends on what else it says. */
  get none(): boolean {
    return this.code === 'ENODATA' || this.code === 'ENOTFOUND';
  }
}

/** Asks with a deadline; never rejects. `name` is made absolute, so that no search domain is appended. */
export function srv(resolver: DnsResolver, name: string, clock: Clock): Promise<SrvRecord[] | DnsFailure> {
  const bytes = ({ target }: SrvRecord) => 20 + target.length;
  return ask('SRV', name, (absolute) => resolver.srv(absolute), bytes, clock);
}

export function addresses(
  resolver: DnsResolver,
  kind: 'A' | 'AAAA',
  name: string,
  clock: Clock,
): Promise<AddressRecord[] | DnsFailure> {
  const records = (absolute: string) => (kind === 'A' ? resolver.a(absolute) : resolver.aaaa(absolute));
  const bytes = () => (kind === 'A' ? 16 : 28);
  return ask(kind, name, records, bytes, clock);
}

async function ask<T>(
  kind: RecordKind,
  name: string,
  records: (absolute: string) => Promise<T[]>,
  bytes: (record: T) => number,
  clock: Clock,
): Promise<T[] | DnsFailure> {
  try {
    const answer = await outcomeOf(ticking(records(`${name}.`), clock, QUERY_MS, 'no answer'));
    if (answer.length === 0) return new DnsFailure(kind, name, 'ENODATA', 'an empty answer');
    return mayBeCut(answer.map(bytes)) ? new DnsFailure(kind, name, 'TRUNCATED', TOO_MANY) : answer;
  } catch (error) {
    const code = error instanceof Timeout ? 'ETIMEOUT' : ((error as NodeJS.ErrnoException).code ?? 'unknown');
    return new DnsFailure(kind, name, code, `${MEANINGS[code] ?? (error as Error).message} (${code})`);
  }
}

/** A DNS message can hold no more than this, over TCP too. */
const MESSAGE_BYTES = 65_535;
/** Header, question and the server's OPT record take no more than this. */
const OVERHEAD_BYTES = 320;
const TOO_MANY = 'the answer may be cut: the group is too large for DNS; follow the EndpointSlices';

/**
 * Whether one more record might not have fitted: a server leaves out what does not fit, and Node does
 * not tell that an answer over TCP was cut. The sizes are the least that the records can have: the
 * owner's name is a pointer to the question, while the target of an SRV record is never compressed.
 */
function mayBeCut(sizes: number[]): boolean {
  const total = sizes.reduce((sum, size) => sum + size, OVERHEAD_BYTES);
  return total + Math.max(...sizes) > MESSAGE_BYTES;
}
