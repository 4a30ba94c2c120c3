/** Applications that do to a sidecar's socket what they should not. */

import { once } from 'node:events';
import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Line } from '../../src/watcher/protocol.ts';
import type { Ending } from '../support/rollcall.ts';

export interface Crowd {
  /** The first lines that each connection was sent. */
  readonly told: Line[][];
  /** The same of those that the sidecar has ended. */
  readonly ended: Line[][];
  /** Connects so often, and stays for as long as it may. */
  open(count: number): Promise<void>;
  leave(): void;
}

export function crowd(ending: Ending, path: string): Crowd {
  const sockets = new Set<Socket>();
  const told: Line[][] = [];
  const ended: Line[][] = [];
  const one = async () => {
    const socket = await connected(path);
    sockets.add(socket);
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      if (text === '') told.push([]);
      text += chunk;
    });
    socket.on('close', () => {
      if (sockets.delete(socket)) ended.push(lines(text));
    });
  };
  const leave = () => {
    for (const socket of [...sockets]) {
      sockets.delete(socket);
      socket.destroy();
    }
  };
  ending.after(async () => leave());
  return {
    told,
    ended,
    open: async (count) => {
      await Promise.all(Array.from({ length: count }, one));
    },
    leave,
  };
}

/** Connections from which not a byte is read. */
export async function silentReaders(ending: Ending, path: string, count: number): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: count }, () => connected(path, true)));
  ending.after(async () => {
    for (const socket of sockets) socket.destroy();
  });
}

/** The queue of connections that wait for the sidecar is short: one that finds it full comes again. */
async function connected(path: string, paused = false): Promise<Socket> {
  for (;;) {
    const socket = new Socket();
    // Before it connects: afterwards it would have read what has come by then.
    if (paused) socket.pause();
    socket.connect(path);
    try {
      await once(socket, 'connect');
      socket.on('error', () => {});
      return socket;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      await delay(10);
    }
  }
}

const lines = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
