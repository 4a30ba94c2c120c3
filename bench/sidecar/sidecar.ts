/**
 * `npm run bench -- sidecar`: memory, latency and start of the sidecar, each next to a yardstick measured in
 * the same run on the same machine. Absolute times depend on the machine; quote the ratios.
 */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { anonymous, stop } from '../processes.ts';
import { quantile } from '../statistics.ts';
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

const MB = 1e6;

export async function sidecarBench(): Promise<void> {
  await showMemory();
  await showStart();
  await showLatency();
}

async function showMemory(): Promise<void> {
  console.log('\nmemory: anonymous, 3 s after the first snapshot was read, over TLS, median of 3');
  const idle = startIdleNode();
  await delay(1500);
  const bare = anonymous(idle);
  stop(idle);
  row('idle Node', `${(bare / MB).toFixed(1)} MB`);
  let small = 0;
  for (const [members, budget] of [
    [10, 15.5],
    [1000, 17],
    [10_000, 24],
  ] as const) {
    const upstream = await startApi(members);
    const all: number[] = [];
    for (let turn = 0; turn < 3; turn += 1) all.push(await memory(upstream));
    const bytes = quantile(all, 0.5);
    if (members === 10) small = bytes;
    const each = members > 10 ? `, ${((bytes - small) / (members - 10)).toFixed(0)} B a member more` : '';
    const ratio = `${(bytes / bare).toFixed(2)} of idle Node`;
    row(`${members} members`, `${(bytes / MB).toFixed(1)} MB of ${budget} MB (${ratio}${each})`);
  }
}

async function showStart(): Promise<void> {
  console.log('\nstart: spawn to the first snapshot of 1,000 members, median of 9');
  const starts: number[] = [];
  const api = await startApi(1000);
  for (let turn = 0; turn < 9; turn += 1) starts.push(await start(api));
  row('sidecar', `${quantile(starts, 0.5).toFixed(0)} ms of 100 ms`);
}

async function showLatency(): Promise<void> {
  console.log('\nlatency: an event sent to its line read, 10 members, in turn');
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
  for (const q of [0.5, 0.99]) {
    const mine = quantile(times.ours, q);
    const other = times.theirs.length > 0 ? quantile(times.theirs, q) : undefined;
    const against =
      other === undefined
        ? 'no Go here'
        : `Go relay ${other.toFixed(3)} ms, ratio ${(mine / other).toFixed(2)}`;
    row(`p${q * 100}`, `${mine.toFixed(3)} ms (${against})`);
  }
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

function row(name: string, text: string): void {
  console.log(`  ${name.padEnd(16)}${text}`);
}
