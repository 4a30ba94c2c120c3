import type { ModelApi, Weather } from './model-api.ts';
import type { Random } from './random.ts';
import type { Damage } from './watch-stream.ts';

/** A fault of a model: it begins, and lasts as long as it says. */
export interface Fault<Model> {
  name: string;
  /** The weight of the fault; most have 1. */
  weight?: number;
  begin(model: Model, random: Random): Spell;
}

/** A fault of the model that there is. */
export interface BoundFault {
  name: string;
  weight: number;
  begin(random: Random): Spell;
}

export function bound<Model>({ name, weight = 1, begin }: Fault<Model>, model: Model): BoundFault {
  return { name, weight, begin: (random) => begin(model, random) };
}

export interface Spell {
  /** Milliseconds. */
  lasts: number;
  end?: () => void;
}

const ONCE: Spell = { lasts: 0 };
/** The weight of faults that a client needs a minute to notice, in which nothing else can happen to it. */
const RARELY = 0.25;
const DAMAGES: readonly Damage[] = ['cut', 'bytes', 'field', 'version', 'name', 'type', 'null'];

export const FAULTS: readonly Fault<ModelApi>[] = [
  once('the connection breaks', (api) => api.stream?.connection.cut()),
  once('the watch ends', (api) => api.stream?.end()),
  once('the watch ends inside a line', (api) => api.stream?.endInsideLine()),
  { ...once('half-open', (api) => api.stream?.connection.stall()), weight: RARELY },
  once('a line that makes no sense', (api, random) => {
    if (api.stream !== undefined) api.stream.damage = random.pick(DAMAGES);
  }),
  once('a line of over 16 MiB', (api, random) => {
    // Megabytes take milliseconds to split: rarely is often enough.
    if (random.chance(0.1)) api.stream?.oversized();
  }),
  once('expired in the stream', (api) => api.stream?.error(410)),
  once('an error in the stream', (api, random) => {
    const code = random.pick([500, 500, 503, 429, 403, 401]);
    api.stream?.error(code, code === 429 || code === 503 ? random.pick([0, 3]) : 0);
  }),
  once('the token is rotated', (api) => {
    api.rotateToken();
    api.stream?.end();
  }),
  {
    name: 'silence for a while',
    weight: RARELY,
    begin: (api, random) => {
      const connection = api.stream?.connection;
      connection?.stall();
      return { lasts: outage(random), end: () => connection?.resume() };
    },
  },
  {
    name: 'partition',
    weight: RARELY,
    begin: (api, random) => {
      const cut = api.connections;
      for (const connection of cut) connection.stall();
      const heals = random.chance(0.5);
      const end = () => {
        if (heals) for (const connection of cut) connection.resume();
      };
      return spell(api, { partition: true }, outage(random), end);
    },
  },
  {
    name: 'the server is down',
    begin: (api, random) => {
      api.restart();
      const refuse = random.pick(['ECONNREFUSED', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENOTFOUND']);
      return spell(api, { refuse }, outage(random));
    },
  },
  refusing('401', [401]),
  refusing('403', [403]),
  refusing('410', [410]),
  refusing('429 and 503', [429, 503]),
  refusing('500', [500, 502]),
  lasting('watches fail in the stream', 12_000, () => ({ streamError: { code: 500, lists: true } })),
  lasting('a sick replica', 12_000, (random) => ({
    streamError: { code: 500, lists: false },
    listLag: random.between(500, 20_000),
  })),
  lasting('a replica is late', 30_000, (random) => ({
    lag: random.between(100, 3000),
    listLag: random.between(100, 20_000),
  })),
  lasting('a slow network', 20_000, (random) => ({ latency: random.between(100, 900) })),
  lasting('connections break at any byte', 20_000, (random) => ({
    cutWithin: { bytes: random.pick([40, 400, 4000]), silently: false },
  })),
  {
    ...lasting('connections fall silent at any byte', 10_000, (random) => ({
      cutWithin: { bytes: random.pick([40, 400, 4000]), silently: true },
    })),
    weight: RARELY,
  },
  {
    ...lasting('watches are not answered', 20_000, () => ({ watchesHang: true })),
    weight: RARELY,
  },
];

/** Mostly short, now and then longer than any patience. */
function outage(random: Random): number {
  return random.chance(0.15) ? random.between(20_000, 100_000) : random.between(100, 15_000);
}

function once(name: string, strike: (api: ModelApi, random: Random) => void): Fault<ModelApi> {
  return {
    name,
    begin: (api, random) => {
      strike(api, random);
      return ONCE;
    },
  };
}

function lasting(name: string, atMost: number, weather: (random: Random) => Weather): Fault<ModelApi> {
  return {
    name,
    begin: (api, random) => spell(api, weather(random), random.between(100, atMost)),
  };
}

/** The server answers, and says no; the watches that are open go on or end first. */
function refusing(name: string, codes: readonly number[]): Fault<ModelApi> {
  return {
    name,
    begin: (api, random) => {
      const code = random.pick(codes);
      const refusal = {
        code,
        of: code === 410 ? ('watches' as const) : random.pick(['everything', 'watches'] as const),
        retryAfterSeconds: code === 429 || code === 503 ? random.pick([0, 1, 5, 12]) : 0,
        plain: random.chance(0.2),
      };
      if (random.chance(0.7)) api.stream?.end();
      return spell(api, { refusal }, random.between(100, 20_000));
    },
  };
}

function spell(api: ModelApi, weather: Weather, lasts: number, after = () => {}): Spell {
  api.weathers.add(weather);
  const end = () => {
    api.weathers.delete(weather);
    after();
  };
  return { lasts, end };
}
