import { randomBytes } from 'node:crypto';
import { UsageError } from '../../config.ts';
import { integer } from '../../values.ts';
import { systemClock } from '../../watcher/clock.ts';
import { connect } from '../cluster/cluster.ts';
import { commands } from '../commands.ts';
import { parseFlags } from '../flags.ts';
import { installOf } from '../inject/judge.ts';
import { EXIT, type Io, tell } from '../io.ts';
import { DashboardState } from './dashboard-state.ts';
import { Following } from './following.ts';
import { type Served, serve } from './server.ts';
import { Streams } from './streams.ts';

/** The bytes of the token in the address: 192 bits, which nobody guesses. */
const TOKEN_BYTES = 24;

/** The command `rollcall dashboard`. It serves until it is stopped. */
export async function dashboard(argv: readonly string[], io: Io): Promise<number> {
  const { flags } = parseFlags('dashboard', commands.dashboard, argv);
  const port = portOf(flags.port);
  const cluster = await connect(flags, io);
  const stop = new AbortController();
  const ended = Promise.withResolvers<void>();
  io.signal?.addEventListener('abort', () => ended.resolve(), { once: true });
  const state = new DashboardState(installOf(flags), systemClock);
  const streams = new Streams(state.tables, () => state.settle());
  const served = await listening(streams, port).catch((error) => {
    streams.close();
    throw error;
  });
  const following = new Following(cluster, state, stop.signal, ended.reject);
  following.start(flags.namespace, () => streams.looked());
  io.stdout.write(`${served.url}\n`);
  tell(io, `rollcall: shows ${cluster.server} to whoever has this address; Ctrl-C ends it`);
  try {
    await ended.promise;
    return EXIT.fine;
  } finally {
    stop.abort();
    streams.close();
    served.server.close();
    served.server.closeAllConnections();
  }
}

function portOf(given: string | undefined): number {
  try {
    return integer(0, 65_535)(given ?? '0');
  } catch (error) {
    throw new UsageError(`--port: "${given}" is not valid; ${(error as Error).message}`);
  }
}

async function listening(streams: Streams, port: number): Promise<Served> {
  try {
    return await serve(streams, randomBytes(TOKEN_BYTES).toString('base64url'), port);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new UsageError(
      `--port: ${port} can't be used (${code}); give another, or leave it out for any that is free`,
    );
  }
}
