import type { Kind } from './dns-contact.ts';
import type { Fault } from './faults.ts';
import type { DnsWeather, ModelDns } from './model-dns.ts';
import type { Random } from './random.ts';

type To = DnsWeather['to'];

const everything: To = () => true;
const service: To = (kind) => kind === 'SRV';
const addresses: To = (kind) => kind !== 'SRV';

export const DNS_FAULTS: readonly Fault<ModelDns>[] = [
  failing('NXDOMAIN', 'ENOTFOUND', [everything, service]),
  failing('NXDOMAIN of a name that was just given', 'ENOTFOUND', [addresses]),
  failing('SERVFAIL', 'ESERVFAIL', [everything, service, addresses]),
  failing('REFUSED', 'EREFUSED', [everything, addresses]),
  failing('no answer', 'silence', [everything, service, addresses]),
  failing('a timeout', 'ETIMEOUT', [everything, addresses]),
  failing('nobody listens', 'ECONNREFUSED', [everything]),
  failing('no AAAA records', 'ENODATA', [(kind) => kind === 'AAAA']),
  failing('empty answers', 'empty', [everything, service, addresses]),
  {
    name: 'some names fail',
    begin: (dns, random) => {
      const digit = random.pick(['1', '2', '3']);
      const outcome = random.pick(['ESERVFAIL', 'silence', 'ENOTFOUND'] as const);
      const to = (kind: Kind, name: string) => kind !== 'SRV' && name.includes(digit);
      return spell(dns, { outcome, to }, random);
    },
  },
  {
    name: 'packets get lost',
    begin: (dns, random) => spell(dns, { outcome: 'silence', to: () => random.chance(0.2) }, random),
  },
  {
    name: 'slow answers',
    begin: (dns, random) => spell(dns, { to: everything, latency: random.between(500, 8000) }, random),
  },
];

function failing(
  name: string,
  outcome: DnsWeather['outcome'] & string,
  choices: readonly To[],
): Fault<ModelDns> {
  return { name, begin: (dns, random) => spell(dns, { outcome, to: random.pick(choices) }, random) };
}

function spell(dns: ModelDns, weather: DnsWeather, random: Random) {
  dns.weathers.add(weather);
  return { lasts: random.between(100, 60_000), end: () => void dns.weathers.delete(weather) };
}
