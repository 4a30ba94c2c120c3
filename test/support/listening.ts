import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** Lets an HTTP or HTTPS server listen on this machine until the test ends, and returns its port. */
export async function listening(
  t: TestContext,
  server: Pick<Server, 'listen' | 'close' | 'closeAllConnections' | 'address' | 'once'>,
  host = '127.0.0.1',
): Promise<number> {
  const started = once(server as Server, 'listening');
  server.listen(0, host);
  await started;
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
