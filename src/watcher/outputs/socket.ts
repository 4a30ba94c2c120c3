import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { MAX_PATH_BYTES, SOCKET_NAME } from '../contract.ts';
import type { Log } from '../log.ts';
import { SettingFault } from '../setting-fault.ts';
import { bindSocket } from './bind-socket.ts';
import { PIECE_BYTES, type Readers } from './readers.ts';

/** The temporary name of the socket. It is as long as the public name, so that it fits where that fits. */
const TEMPORARY_NAME = '.members.tmp';

/** Returns the path of the socket in `directory`; throws a `SettingFault` when the system could not bind it. */
export function socketPath(directory: string): string {
  const path = join(directory, SOCKET_NAME);
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_PATH_BYTES) {
    throw new SettingFault({
      key: 'directory',
      value: directory,
      sentence: `makes the socket path "${path}" ${bytes} bytes long and a Unix socket takes at most ${MAX_PATH_BYTES}`,
      remedy: 'give a shorter directory',
    });
  }
  return path;
}

/** Serves readers at `path`, whose folder must be there. */
export async function serveSocket(path: string, readers: Readers, log: Log): Promise<Server> {
  const server = createServer({ highWaterMark: PIECE_BYTES }, (socket) => {
    // The error of a connection is of no interest: `close` comes after it, and says that the connection ended.
    socket.on('error', () => {});
    // A reader has nothing to say; reading is how its end is noticed.
    socket.resume();
    readers.add(socket);
  });
  await bindSocket(server, path, join(dirname(path), TEMPORARY_NAME));
  server.on('error', (error) => log.error('the socket failed', { error: error.message }));
  return server;
}
