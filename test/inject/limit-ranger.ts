/** The LimitRanger plugin: it returns the sentences of the bounds that a pod breaks. */
import type { Container, LimitRangeItem, Pod, Resources } from '../../src/inject/pod.ts';

type Kind = 'requests' | 'limits';

export function limitRangerFaults({ spec }: Pod, items: readonly LimitRangeItem[]): string[] {
  const inits = spec.initContainers ?? [];
  const containers = [...spec.containers, ...inits].map(amountsOf);
  const whole = {
    requests: podTotal(spec.containers, inits, 'requests'),
    limits: podTotal(spec.containers, inits, 'limits'),
  };
  return items.flatMap((item) =>
    (item.type === 'Container' ? containers : item.type === 'Pod' ? [whole] : []).flatMap((one) =>
      faults(one, item),
    ),
  );
}

/** The amounts in millionths, which tell any two quantities here apart. */
type Amounts = Record<Kind, Map<string, number>>;

function faults(
  { requests, limits }: Amounts,
  { min = {}, max = {}, maxLimitRequestRatio = {} }: LimitRangeItem,
) {
  const broken: string[] = [];
  const hold = (kept: boolean, sentence: string) => kept || broken.push(sentence);
  for (const [name, text] of Object.entries(min)) {
    const [request, limit, bound] = [requests.get(name), limits.get(name), parsed(text)];
    hold(request !== undefined && request >= bound, `request of ${name} below min`);
    hold(limit === undefined || limit >= bound, `limit of ${name} below min`);
  }
  for (const [name, text] of Object.entries(max)) {
    const [request, limit, bound] = [requests.get(name), limits.get(name), parsed(text)];
    hold(limit !== undefined && limit <= bound, `limit of ${name} above max`);
    hold(request === undefined || request <= bound, `request of ${name} above max`);
  }
  for (const [name, text] of Object.entries(maxLimitRequestRatio)) {
    const [request = 0, limit = 0] = [requests.get(name), limits.get(name)];
    hold(request > 0 && limit > 0 && (limit / request) * 1e6 <= parsed(text), `ratio of ${name} above max`);
  }
  return broken;
}

/** Main containers and init containers that go on, together; each init container with those before it. */
function podTotal(main: readonly Container[], inits: readonly Container[], kind: Kind): Map<string, number> {
  const sum = new Map<string, number>();
  const going = new Map<string, number>();
  const initial = new Map<string, number>();
  for (const container of main) add(sum, amountsOf(container)[kind]);
  for (const container of inits) {
    const own = amountsOf(container)[kind];
    const moment = new Map(going);
    add(moment, own);
    raise(initial, moment);
    if (container.restartPolicy !== 'Always') continue;
    add(sum, own);
    add(going, own);
  }
  raise(sum, initial);
  return sum;
}

function add(to: Map<string, number>, more: Map<string, number>): void {
  for (const [name, amount] of more) to.set(name, (to.get(name) ?? 0) + amount);
}

function raise(to: Map<string, number>, others: Map<string, number>): void {
  for (const [name, amount] of others) to.set(name, Math.max(to.get(name) ?? 0, amount));
}

function amountsOf({ resources }: Container): Amounts {
  return { requests: parsedAll(resources, 'requests'), limits: parsedAll(resources, 'limits') };
}

function parsedAll(resources: Resources | undefined, kind: Kind): Map<string, number> {
  return new Map(Object.entries(resources?.[kind] ?? {}).map(([name, text]) => [name, parsed(text)]));
}

/** Millionths; the texts in tests have a decimal number and one of a few units. */
function parsed(text: string): number {
  const [, number, unit] = /^([\d.]+)(.*)$/.exec(text)!;
  const units: Record<string, number> = {
    '': 1e6,
    m: 1e3,
    k: 1e9,
    M: 1e12,
    G: 1e15,
    Ki: 1024e6,
    Mi: 2 ** 20 * 1e6,
    Gi: 2 ** 30 * 1e6,
  };
  return Math.round(Number(number) * units[unit!]!);
}
