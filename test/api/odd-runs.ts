/** Injects odd documents and takes out again what came in, on all processors of the machine. */
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { inject } from '../../src/cli/inject/inject.ts';
import { uninject } from '../../src/cli/inject/uninject.ts';
import { Random } from '../simulation/random.ts';
import { oddDocument } from './odd-documents.ts';

export interface Case {
  name: string;
  input: Uint8Array;
  output: Uint8Array;
  back: Uint8Array;
  code: number;
  err: string;
}

interface Share {
  seed: number;
  from: number;
  to: number;
}

/** The same for the same seed, on whatever machine: each document has chance of its own. */
export async function oddRuns(seed: number, documents: number): Promise<Case[]> {
  const workers = availableParallelism();
  const shares = Array.from({ length: workers }, (_, index): Share => {
    const [from, to] = [index, index + 1].map((edge) => Math.floor((documents * edge) / workers));
    return { seed, from: from!, to: to! };
  });
  return (await Promise.all(shares.map(inWorker))).flat();
}

function inWorker(share: Share): Promise<Case[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: share });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

if (!isMainThread && isShare(workerData)) {
  const cases: Case[] = [];
  const { seed, from, to } = workerData;
  for (let index = from; index < to; index += 1) {
    cases.push(await ran(oddDocument(`d${index}`, new Random(seed, `document ${index}`))));
  }
  parentPort!.postMessage(cases);
}

function isShare(data: unknown): data is Share {
  return typeof data === 'object' && data !== null && 'seed' in data && 'from' in data;
}

async function ran({ name, bytes }: { name: string; bytes: Uint8Array }): Promise<Case> {
  const injected = await run(inject, bytes);
  const back = injected.code === 0 ? await run(uninject, injected.out) : injected;
  return { name, input: bytes, output: injected.out, back: back.out, code: injected.code, err: injected.err };
}

async function run(command: typeof inject, input: Uint8Array) {
  const out: Uint8Array[] = [];
  let err = '';
  const io = {
    stdin: (async function* () {
      yield input;
    })(),
    stdout: { write: (text: string | Uint8Array) => out.push(Buffer.from(text as string)) },
    stderr: { write: (text: string | Uint8Array) => (err += text) },
    env: {},
  };
  const argv = ['-f', '-', ...(command === inject ? ['--no-access'] : [])];
  return { code: await command(argv, io), out: Buffer.concat(out), err };
}
