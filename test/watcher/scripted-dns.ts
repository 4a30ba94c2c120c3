import assert from 'node:assert/strict';
import { type DnsOptions, dnsSource } from '../../src/watcher/dns/dns.ts';
import type {
  AddressRecord,
  DnsResolver,
  RecordKind,
  SrvRecord,
} from '../../src/watcher/dns/dns-resolver.ts';
import { silent } from '../../src/watcher/log.ts';
import { Watch } from '../../src/watcher/watch.ts';
import type { Records } from '../support/dns-server.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { Recorder } from './followed-group.ts';

/** `hang`: neither an answer nor an error, ever. */
export type Fault = 'ENOTFOUND' | 'ENODATA' | 'ESERVFAIL' | 'EREFUSED' | 'ETIMEOUT' | 'hang' | 'empty';

export const FAULTS: Fault[] = ['ENOTFOUND', 'ENODATA', 'ESERVFAIL', 'EREFUSED', 'ETIMEOUT', 'hang', 'empty'];

/** A resolver that knows the names that the test gives it, and fails when the test says so. */
export class ScriptedDns implements DnsResolver {
  readonly names = new Map<string, Records>();
  /** `SRV db.default.svc.cluster.local.`, in the order asked. */
  readonly asked: string[] = [];
  fault: (question: string) => Fault | undefined = () => undefined;
  /** The most questions that were under way at once. */
  most = 0;
  #underWay = 0;

  srv(name: string): Promise<SrvRecord[]> {
    return this.#answer('SRV', name, ({ srv = [] }) => srv);
  }

  a(name: string): Promise<AddressRecord[]> {
    return this.#answer('A', name, ({ a = [], ttl = 5 }) => a.map((address) => ({ address, ttl })));
  }

  aaaa(name: string): Promise<AddressRecord[]> {
    return this.#answer('AAAA', name, ({ aaaa = [], ttl = 5 }) => aaaa.map((address) => ({ address, ttl })));
  }

  async #answer<T>(kind: RecordKind, name: string, records: (of: Records) => T[]): Promise<T[]> {
    const question = `${kind} ${name}`;
    this.asked.push(question);
    this.#underWay += 1;
    this.most = Math.max(this.most, this.#underWay);
    // The answer comes only when other questions could have been asked.
    await new Promise((resolve) => setImmediate(resolve));
    this.#underWay -= 1;
    const known = this.names.get(name.toLowerCase().replace(/\.$/, ''));
    const found = known === undefined ? [] : records(known);
    const fault = this.fault(question) ?? (known ? found.length === 0 && 'ENODATA' : 'ENOTFOUND');
    if (fault === 'hang') return new Promise(() => {});
    if (fault === 'empty') return [];
    if (fault) throw Object.assign(new Error(`query ${fault} ${name}`), { code: fault });
    return found;
  }
}

export const SERVICE = 'db.default.svc.cluster.local';

/** Gives the service `db` these pods, by hostname: the addresses of each, and one port. */
export function publish(dns: ScriptedDns, pods: Record<string, string[]>, ports = [7000]): void {
  dns.names.clear();
  const targets = Object.keys(pods).map((hostname) => `${hostname}.${SERVICE}`);
  const addresses = Object.values(pods);
  const byFamily = (all: string[]) => ({
    a: all.filter((one) => !one.includes(':')),
    aaaa: all.filter((one) => one.includes(':')),
  });
  const srv = targets.flatMap((target) => ports.map((port) => ({ target, port })));
  dns.names.set(SERVICE, { ...byFamily(addresses.flat()), srv });
  for (const [index, target] of targets.entries()) dns.names.set(target, byFamily(addresses[index]!));
}

/** A watch of service `db` in namespace `default` by scripted DNS, on a clock of the test's. */
export function followDns(dns: ScriptedDns, options: Partial<DnsOptions> = {}) {
  const clock = new FakeClock();
  const output = new Recorder();
  const group = { namespace: 'default', service: 'db' };
  const given = { group, clusterDomain: 'cluster.local', resolver: dns, clock, log: silent, ...options };
  const watch = new Watch({ source: dnsSource(given), group, clock });
  watch.add(output);
  void watch.run();
  const held = () =>
    [...watch.members.values()].map(({ name, addresses }) => `${name} ${addresses.join(' ')}`).sort();
  const departures = () => output.deltas.flatMap(({ left }) => left.map(({ name }) => name));
  return { dns, clock, output, watch, held, departures };
}

/** A group of two, and a watch that knows them. */
export async function syncedDns(
  pods: Record<string, string[]> = { 'db-0': ['10.0.0.1'], 'db-1': ['10.0.0.2'] },
) {
  const dns = new ScriptedDns();
  publish(dns, pods);
  const followed = followDns(dns);
  // A large group takes some turns, but no time.
  for (let turn = 0; turn < 100 && !followed.watch.synced; turn += 1) await followed.clock.advance(0);
  assert.equal(followed.watch.synced, true);
  return followed;
}
