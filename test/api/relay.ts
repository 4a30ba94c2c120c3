/** A way to the API server that can be cut. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Ending } from '../support/rollcall.ts';

export interface Relay {
  url: string;
  /** Ends every connection at once; new ones are let through. Returns how many there were. */
  cut(): number;
}

/** Passes bytes on, TLS and all: the server's certificate holds for this address too. */
export async function startRelay(ending: Ending, target: string): Promise<Relay> {
  const port = Number(new URL(target).port);
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    clients.add(client);
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) socket.on('error', () => {});
    client.pipe(upstream).pipe(client);
    client.on('close', () => {
      clients.delete(client);
      upstream.destroy();
    });
    upstream.on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    const { size } = clients;
    for (const client of clients) client.destroy();
    return size;
  };
  ending.after(async () => {
    server.close();
    cut();
  });
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, cut };
}
