/**
 * `npm run bench -- sidecar`: memory, latency and start of the sidecar, each next to a yardstick measured in
 * the same run on the same machine. Absolute times depend on the machine; quote the ratios.
 */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { anonymous, stop } from '../processes.ts';
import { quantile, type Spread, spread } from '../statistics.ts';
import { LOAD_FORMS, measureLoad } from './load.ts';
import type { Latency, SidecarResult } from './result.ts';
import {
  type Api,
  RELAY_PATH,
  read,
  SIDECAR_PATH,
  startApi,
  startIdleNode,
  startRelay,
  startSidecar,
} from './subjects.ts';

export async function sidecarBench(
  form: 'full' | 'short',
  tell: (sentence: string) => void,
): Promise<SidecarResult> {
  tell('memory of the sidecar');
  const memory = await measureMemory();
  tell('start of the sidecar');
  const startMs = await measureStart();
  tell('latency of the sidecar');
  const latency = await measureLatency();
  return { ...memory, startMs, latency, load: await measureLoad(LOAD_FORMS[form], tell) };
}

async function measureMemory(): Promise<Pick<SidecarResult, 'idleNodeBytes' | 'memory'>> {
  const upstreams = new Map<number, Api>();
  for (const members of [10, 1000, 10_000]) upstreams.set(members, await startApi(members));
  const idle: number[] = [];
  const all = new Map<number, number[]>();
  for (let turn = 0; turn < 3; turn += 1) {
    idle.push(await idleMemory());
    for (const [members, upstream] of upstreams) {
      all.set(members, [...(all.get(members) ?? []), await memory(upstream)]);
    }
  }
  return {
    idleNodeBytes: spread(idle),
    memory: [...all].map(([members, bytes]) => ({ members, bytes: spread(bytes) })),
  };
}

async function idleMemory(): Promise<number> {
  const idle = startIdleNode();
  await delay(1500);
  const bytes = anonymous(idle);
  stop(idle);
  return bytes;
}

async function measureStart(): Promise<Spread> {
  const starts: number[] = [];
  const api = await startApi(1000);
  for (let turn = 0; turn < 9; turn += 1) starts.push(await start(api));
  return spread(starts);
}

async function measureLatency(): Promise<SidecarResult['latency']> {
  const few = await startApi(10);
  const ours = await listen(startSidecar(few).socket);
  const relay = startRelay(few);
  const theirs = relay && (await listen(relay.socket));
  await delay(1000);
  ours.clear();
  theirs?.clear();
  const times = { ours: [] as number[], theirs: [] as number[] };
  for (let turn = 0; turn < 600; turn += 1) {
    const mine = await one(few, ours, SIDECAR_PATH, turn % 2 === 1);
    const other = theirs && (await one(few, theirs, RELAY_PATH, turn % 2 === 1));
    // The first hundred warm up.
    if (turn < 100) continue;
    times.ours.push(mine);
    if (other !== undefined) times.theirs.push(other);
  }
  return { sidecar: latencyOf(times.ours), relay: theirs && latencyOf(times.theirs) };
}

function latencyOf(times: readonly number[]): Latency {
  return { p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) };
}

/** Milliseconds from one event to its line; apart by more than the coalescing window. */
async function one(api: Api, listener: Listener, path: string, ready: boolean): Promise<number> {
  await delay(30);
  const next = listener.next();
  const sentAt = await api.change(path, ready);
  return Number((await next) - sentAt) / 1e6;
}

async function memory(upstream: Api): Promise<number> {
  const { child, socket } = startSidecar(upstream);
  const reader = await listen(socket, 'snapshot');
  await reader.next();
  await delay(3000);
  const bytes = anonymous(child);
  stop(child);
  return bytes;
}

async function start(api: Api): Promise<number> {
  const began = process.hrtime.bigint();
  const { child, socket } = startSidecar(api);
  const at = await (await listen(socket, 'snapshot')).next();
  stop(child);
  await once(child, 'exit');
  return Number(at - began) / 1e6;
}

type Listener = Awaited<ReturnType<typeof listen>>;

/** `next` resolves with when the next line of `type` came. */
async function listen(socket: string, type = 'delta') {
  const came: bigint[] = [];
  let wake = () => {};
  await read(socket, (line, at) => {
    if (!line.startsWith(`{"type":"${type}"`) && !line.includes(`"type":"${type}"`)) return;
    came.push(at);
    wake();
  });
  return {
    /** Forgets what came until now. */
    clear() {
      came.length = 0;
    },
    async next(): Promise<bigint> {
      while (came.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return came.shift()!;
    },
  };
}
