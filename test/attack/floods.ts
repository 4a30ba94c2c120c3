/** Many connections, slow ones, and such that never read. */

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ATTACKER, dial, dialTls, eachOf } from './wire.ts';

const HEADERS = 'POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';

/** Connections that each announce a body of `announced` bytes and then send one byte a second. */
export async function slowBodies(
  port: number,
  count: number,
  announced: number,
  from = ATTACKER,
): Promise<Socket[]> {
  const sockets = await open(port, count, from);
  for (const socket of sockets) {
    socket.write(`${HEADERS}Content-Length: ${announced}\r\n\r\n{`);
    drip(socket, ' ');
  }
  return sockets;
}

/** The same for headers: `X: xxxx...`, a byte a second. */
export async function slowHeaders(port: number, count: number, from = ATTACKER): Promise<Socket[]> {
  const sockets = await open(port, count, from);
  for (const socket of sockets) {
    socket.write(`${HEADERS}X: `);
    drip(socket, 'x');
  }
  return sockets;
}

/** TCP connections, connected and then silent. */
export async function silent(
  port: number,
  count: number,
  from: readonly string[] = [ATTACKER],
): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, (_, index) => dial(port, from[index % from.length]));
  const settled = (socket: Socket) =>
    socket.connecting
      ? Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {})
      : undefined;
  await Promise.race([Promise.all(sockets.map(settled)), delay(3000)]);
  return sockets;
}

/** Connections with a finished handshake, and no word after it. */
export function idle(port: number, count: number, from = ATTACKER): Promise<Socket[]> {
  return open(port, count, from);
}

/** Connections that ask for `each` answers of some length and read none of them. */
export async function neverReading(
  port: number,
  count: number,
  each: number,
  from = ATTACKER,
): Promise<Socket[]> {
  const sockets = await open(port, count, from);
  for (const socket of sockets) {
    socket.pause();
    socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(each));
  }
  return sockets;
}

async function open(port: number, count: number, from: string): Promise<Socket[]> {
  const sockets: Socket[] = [];
  await eachOf(
    Array.from({ length: count }),
    8,
    async () => void sockets.push(await dialTls(port, {}, from)),
  );
  return sockets;
}

function drip(socket: Socket, byte: string): void {
  const timer = setInterval(() => socket.write(byte), 1000);
  socket.once('close', () => clearInterval(timer));
}
