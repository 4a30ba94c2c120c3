import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/** Ports that the kernel gives nobody by itself, neither to listen on nor for a connection: Linux begins at 32768. */
const FIRST = 10_000;
const END = 30_000;

/** Returns ports that are free now. All are held until the last is known, so that they differ. */
export async function freePorts(count: number): Promise<number[]> {
  const servers: Server[] = [];
  while (servers.length < count) {
    const server = await listening(randomInt(FIRST, END));
    if (server !== undefined) servers.push(server);
  }
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Returns a server on the port, or undefined where somebody else has it. */
async function listening(port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
