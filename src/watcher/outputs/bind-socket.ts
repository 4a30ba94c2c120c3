import { lstatSync, renameSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:net';

/**
 * The umask of the socket: 0777 less this lets any user of the pod connect, as mounting the volume is the
 * access control.
 */
const SOCKET_UMASK = 0o111;

/**
 * Binds `server` to a socket at `path`, under a temporary name that is then renamed: whoever connects
 * finds a working socket or the old one, also after a crash. Nothing that lies at either name is followed
 * or opened, since an application with a writable mount could have put it there. Rejects when something
 * is in the way that can't be replaced, such as a directory; the server is closed then.
 */
export async function bindSocket(server: Server, path: string, temporary: string): Promise<void> {
  removeOld(temporary);
  const bound = new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
  });
  // A mode that is set afterwards, by name, could be set on what has taken that name meanwhile. `listen`
  // binds before it returns.
  const umask = process.umask(SOCKET_UMASK);
  server.listen(temporary);
  process.umask(umask);
  await bound;
  try {
    if (isDirectory(path)) throw new Error(`"${path}" is a directory, in the place of a socket; remove it`);
    renameSync(temporary, path);
  } catch (error) {
    // A caller that tries again would leave a server that nobody can reach each time.
    server.close();
    throw error;
  }
}

function removeOld(path: string): void {
  if (isDirectory(path)) throw new Error(`"${path}" is a directory, where a socket is to be made; remove it`);
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
