/** The socket of a group, which is made anew when somebody removes it. */
import { lstatSync } from 'node:fs';
import type { Server } from 'node:net';
import type { Log } from '../log.ts';
import type { Output } from './output.ts';
import type { Readers } from './readers.ts';
import { serveSocket } from './socket.ts';

/**
 * The output that keeps the socket of a group at its path. Whoever is connected stays so, whatever happens to the path.
 * A socket that is gone, alone or with its folder, is made anew at the next heartbeat, for whoever comes then.
 */
export class KeptSocket implements Output {
  #path: string;
  #readers: Readers;
  #log: Log;
  #onMended: () => void;
  #server: Server | undefined;
  #mending = false;
  #closed = false;
  failing: string | undefined;

  /** `onMended` is called after a socket that was gone was made anew, since the files beside it may be gone too. */
  constructor(path: string, readers: Readers, log: Log, onMended: () => void) {
    this.#path = path;
    this.#readers = readers;
    this.#log = log;
    this.#onMended = onMended;
  }

  /** Binds the socket; rejects when that can't be done. */
  async serve(): Promise<void> {
    const server = await serveSocket(this.#path, this.#readers, this.#log);
    // The one before is at no path any more.
    this.#server?.close();
    this.#server = server;
    if (this.#closed) server.close();
  }

  heartbeat(): void {
    if (this.#server === undefined || this.#mending || this.#closed || isSocket(this.#path)) return;
    this.#mending = true;
    // `#mend` logs its failure and never rejects.
    void this.#mend();
  }

  close(): void {
    this.#closed = true;
    this.#server?.close();
  }

  async #mend(): Promise<void> {
    try {
      await this.serve();
      this.failing = undefined;
      this.#log.warn('the socket was gone and is made anew', { socket: this.#path });
      if (!this.#closed) this.#onMended();
    } catch (error) {
      if (this.failing === undefined)
        this.#log.error(
          'the socket is gone and can not be made anew; that is tried again at each heartbeat',
          {
            socket: this.#path,
            error: (error as Error).message,
          },
        );
      this.failing = 'directory';
    } finally {
      this.#mending = false;
    }
  }
}

function isSocket(path: string): boolean {
  try {
    return lstatSync(path).isSocket();
  } catch {
    // Whatever the reason is, nobody else can see a socket there either.
    return false;
  }
}
