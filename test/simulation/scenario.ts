import type { ServerOptions } from './model-api.ts';
import type { NameserverOptions } from './model-dns.ts';
import type { PopulationOptions } from './population.ts';
import type { Random } from './random.ts';
import { type Habit, habit, overwhelmed } from './readers.ts';

export type Kind = 'endpointslices' | 'dns';

/** The scenario of a seed; its moments are drawn as the story goes on. */
export interface Scenario {
  population: PopulationOptions;
  kind: Kind;
  server: ServerOptions;
  nameserver: NameserverOptions;
  /** The service comes only after a while. */
  absentMs: number;
  /** The time in which faults happen. */
  faultyMs: number;
  /** The share of all kinds of faults that happen: where all do at once, none has its way. */
  faultShare: number;
  meanBetweenFaultsMs: number;
  meanBetweenChangesMs: number;
  readers: readonly Habit[];
  /** Further readers that do nothing but read, to fill the sidecar's places. */
  crowd: number;
  /** The watch loop is kept from running for this long, once. */
  wedgeMs: number;
  /** etcd is restored from a backup, once. */
  rewinds: boolean;
  self: { uid?: string; name?: string } | undefined;
}

/** The time in which faults happen: less where each moment costs more, or 15 minutes follow. */
const USUAL_MS = [40_000, 200_000] as const;
const BIG_MS = [15_000, 30_000] as const;
const REWOUND_MS = [20_000, 60_000] as const;

export function scenario(random: Random, given?: Kind): Scenario {
  const big = random.chance(0.05);
  const kind = given ?? (random.chance(0.2) ? 'dns' : 'endpointslices');
  const rewinds = kind !== 'dns' && !big && random.chance(0.06);
  const lasting = big ? BIG_MS : rewinds ? REWOUND_MS : USUAL_MS;
  const faultyMs = random.between(lasting[0], lasting[1]);
  const size = big ? random.integer(100, 200) : random.integer(0, 12);
  return {
    kind,
    population: {
      size,
      limit: big ? 220 : 16,
      room: big ? 100 : random.integer(2, 6),
      dualStack: random.chance(0.3),
      anonymous: random.chance(0.3),
      stateful: random.chance(0.7),
      // What fills the queue of a slow reader.
      rolling: big,
    },
    server: {
      streamingLists: random.weighted([
        [6, 'served'],
        [3, 'refused'],
        [0.5, 'ignored'],
      ]),
      pageSize: random.pick([1, 2, 3, 500]),
      bookmarks: random.chance(0.9),
      watchMs: random.chance(0.1) ? random.between(5000, 60_000) : Number.POSITIVE_INFINITY,
      aheadOfTime: random.pick(['refused', 'silent']),
      latency: random.between(0.1, 40),
    },
    nameserver: { ttl: random.pick([0, 5, 5, 30]), latency: random.between(0.2, 40) },
    absentMs: random.chance(0.08) ? random.between(1000, faultyMs / 2) : 0,
    faultyMs,
    faultShare: random.pick([0.1, 0.3, 0.6]),
    meanBetweenFaultsMs: random.between(1500, 25_000),
    meanBetweenChangesMs: big ? 500 : random.between(100, 8000),
    readers: Array.from({ length: random.integer(big ? 2 : 0, 4) }, () =>
      big && random.chance(0.5) ? overwhelmed(random) : habit(random),
    ),
    crowd: !big && random.chance(0.02) ? 68 : 0,
    wedgeMs: random.chance(0.08) ? random.between(7000, 40_000) : 0,
    rewinds,
    self: random.pick([undefined, { uid: 'uid-0' }, { name: 'db-1' }]),
  };
}
