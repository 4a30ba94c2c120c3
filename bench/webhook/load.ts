/** The load generator, run once for each measurement. */
import { build } from '../go.ts';
import { output } from '../processes.ts';
import type { Subject } from './subjects.ts';

export interface Load {
  bodyFile: string;
  concurrency: number;
  /** False: a connection for each review. */
  kept: boolean;
  /** Ends when the server has spent this much CPU time, or after `seconds`. */
  cpuSeconds?: number;
  seconds?: number;
  reviews?: number;
  expect: 'patch' | 'none' | 'any';
}

export interface Loaded {
  reviews: number;
  seconds: number;
  /** The CPU time that all threads of the server's process spent meanwhile. */
  cpuSeconds: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  errors: number;
  examples: string[];
}

export async function load({ port, path, pid, name }: Subject, asked: Load): Promise<Loaded> {
  const flags = {
    address: `127.0.0.1:${port}`,
    path,
    pid,
    body: asked.bodyFile,
    concurrency: asked.concurrency,
    kept: asked.kept,
    seconds: asked.seconds ?? 0,
    ...(asked.cpuSeconds === undefined ? {} : { 'cpu-seconds': asked.cpuSeconds }),
    ...(asked.reviews === undefined ? {} : { reviews: asked.reviews }),
    expect: asked.expect,
  };
  const command = [build('load'), ...Object.entries(flags).map(([flag, value]) => `-${flag}=${value}`)];
  const loaded = JSON.parse(await output('client', command)) as Loaded;
  if (loaded.errors > 0) {
    throw new Error(
      `${name}: ${loaded.errors} of ${loaded.reviews} answers are wrong: ${loaded.examples.join('; ')}`,
    );
  }
  return loaded;
}
