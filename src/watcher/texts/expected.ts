import { isDnsSubdomain, SUBDOMAIN } from '../membership/grammar.ts';

/** The kinds of workloads that can be asked for their replicas, each with the folder of its API. */
export const SCALABLE = {
  statefulset: '/apis/apps/v1',
  deployment: '/apis/apps/v1',
  replicaset: '/apis/apps/v1',
  leaderworkerset: '/apis/leaderworkerset.x-k8s.io/v1',
} as const;
export type ScalableKind = keyof typeof SCALABLE;

/** The origin of the number of expected members: a given number, or a workload that is asked for its replicas. */
export type ExpectedFrom = number | { kind: ScalableKind; name: string };

/** The most members that can be expected: the largest group that the tests know has 10,000. */
export const MOST_EXPECTED = 100_000;

const KINDS = Object.keys(SCALABLE) as ScalableKind[];

/** The shape of a workload without space around it. The kind is taken in capitals too. */
export const WORKLOAD = new RegExp(
  `^(?:${KINDS.map(inEitherCase).join('|')})\\s+${SUBDOMAIN.source.slice(1, -1)}$`,
);

function inEitherCase(word: string): string {
  return word.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

/**
 * Reads how many members are expected, such as `5` or `statefulset db`. Throws a message that says what to give
 * instead.
 */
export function parseExpected(text: string): ExpectedFrom {
  const given = text.trim();
  if (/^\d{1,6}$/.test(given) && Number(given) <= MOST_EXPECTED) return Number(given);
  const [, word = '', name = ''] = /^([A-Za-z]+)\s+(\S+)$/.exec(given) ?? [];
  const kind = KINDS.find((one) => one === word.toLowerCase());
  if (kind !== undefined && isDnsSubdomain(name)) return { kind, name };
  throw new Error(
    `give a number from 0 to ${MOST_EXPECTED}, or a workload of the namespace, such as "statefulset db"; ` +
      `the kinds are ${KINDS.join(', ')}`,
  );
}
