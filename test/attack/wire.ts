/** Connections to the webhook's port as an attacker opens them: raw, and from an address of its own. */

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type ConnectionOptions, connect as tlsConnect } from 'node:tls';

/** An attacker's pod has another address than the API server, which asks from 127.0.0.1. */
export const ATTACKER = '127.0.0.2';

/** Addresses of as many pods as take part in an attack. */
export function attackers(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `127.0.1.${index + 1}`);
}

/** A TCP connection; what goes wrong with it later is no failure of the test. */
export function dial(port: number, from = ATTACKER): Socket {
  const socket = connect({ host: '127.0.0.1', port, localAddress: from });
  socket.on('error', () => {});
  return socket;
}

/** One with a finished handshake, or one that was closed instead. */
export async function dialTls(
  port: number,
  options: ConnectionOptions = {},
  from = ATTACKER,
): Promise<Socket> {
  const socket = tlsConnect({ socket: dial(port, from), rejectUnauthorized: false, ...options });
  socket.on('error', () => {});
  await Promise.race([once(socket, 'secureConnect'), once(socket, 'close')]).catch(() => {});
  return socket;
}

/** Sends bytes and returns what comes back until the other side closes or `patienceMs` are over. */
export async function exchange(
  socket: Socket,
  bytes: string | Uint8Array,
  patienceMs = 400,
): Promise<string> {
  let text = '';
  socket.on('data', (data) => {
    text += data.toString('latin1');
  });
  socket.write(bytes);
  await Promise.race([once(socket, 'close').catch(() => {}), delay(patienceMs)]);
  socket.destroy();
  return text;
}

/** Returns the number of connections that are closed after at most `withinMs`. */
export async function closedOf(sockets: readonly Socket[], withinMs: number): Promise<number> {
  // Unread data would keep the end from being seen.
  for (const socket of sockets) socket.resume();
  const count = () => sockets.filter((socket) => socket.destroyed || socket.readableEnded).length;
  for (const end = Date.now() + withinMs; Date.now() < end && count() < sockets.length; ) await delay(50);
  return count();
}

export function destroyAll(sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.destroy();
}

export interface Reply {
  /** 0 when the connection ended without an answer. */
  status: number;
  text: string;
  ms: number;
}

export interface PostOptions {
  agent?: Agent;
  from?: string;
  headers?: Record<string, string | number>;
  path?: string;
  patienceMs?: number;
}

/** A POST of these bytes; a connection that ends is an answer as well. */
export async function post(
  port: number,
  body: string | Uint8Array,
  options: PostOptions = {},
): Promise<Reply> {
  const bytes = Buffer.from(body as string);
  const began = performance.now();
  const request = httpsRequest({
    host: '127.0.0.1',
    port,
    method: 'POST',
    path: options.path ?? '/mutate',
    agent: options.agent ?? false,
    localAddress: options.from ?? ATTACKER,
    rejectUnauthorized: false,
    timeout: options.patienceMs ?? 20_000,
    headers: { 'content-type': 'application/json', 'content-length': bytes.length, ...options.headers },
  });
  request.on('timeout', () => request.destroy(new Error('no answer')));
  // An answer may come before all is sent, and the rest then fails.
  request.on('error', () => {});
  request.end(bytes);
  let text = '';
  let status = 0;
  try {
    const [response] = (await Promise.race([
      once(request, 'response'),
      once(request, 'close').then(() => {
        throw new Error('closed');
      }),
    ])) as [IncomingMessage];
    status = response.statusCode!;
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
  } catch {
    // Told by the status.
  }
  return { status, text, ms: performance.now() - began };
}

/** A pool of kept connections from one address. */
export function keptConnections(maxSockets: number): Agent {
  return new Agent({ keepAlive: true, maxSockets });
}

/** Runs `work` for each item, `width` at a time. */
export async function eachOf<T>(items: Iterable<T>, width: number, work: (item: T) => Promise<void>) {
  const queue = items[Symbol.iterator]();
  const worker = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
