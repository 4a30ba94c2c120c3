/** A socket, of a group or of health, which is made anew when somebody removes it. */
import { lstatSync } from 'node:fs';
import type { Server } from 'node:net';
import { dirname } from 'node:path';
import type { Log } from '../log.ts';
import { isLink, makeFolder } from './folder.ts';
import type { Output } from './output.ts';

/**
 * The output that keeps a socket at its path. Whoever is connected stays so, whatever happens to the path. A socket that is
 * gone, alone or with its folder, is made anew at the next heartbeat, for whoever comes then. A link in the place of the
 * folder is not followed, since an application could have put it there; only one that was there at the start is the choice
 * of whoever named the folder.
 */
export class KeptSocket implements Output {
  #path: string;
  #folder: string;
  #bind: () => Promise<Server>;
  /** Whether the folder is given as a link; undefined until the socket is first served. */
  #byLink: boolean | undefined;
  #log: Log;
  #onMended: () => void;
  #server: Server | undefined;
  #mending = false;
  #closed = false;
  failing: string | undefined;

  /**
   * `bind` returns a server that is bound to `path`, in its folder, which is there. `onMended` is called after a socket that
   * was gone was made anew, since the files beside it may be gone too.
   */
  constructor(path: string, bind: () => Promise<Server>, log: Log, onMended: () => void) {
    this.#path = path;
    this.#folder = dirname(path);
    this.#bind = bind;
    this.#log = log;
    this.#onMended = onMended;
  }

  /** Binds the socket; rejects when that can't be done. */
  async serve(): Promise<void> {
    this.#byLink ??= isLink(this.#folder);
    if (!this.#byLink) makeFolder(this.#folder);
    const server = await this.#bind();
    // The one before is at no path any more.
    this.#server?.close();
    this.#server = server;
    if (this.#closed) server.close();
  }

  heartbeat(): void {
    if (this.#server === undefined || this.#mending || this.#closed) return;
    if (this.#isServed()) this.#foundAgain();
    else {
      this.#mending = true;
      // `#mend` logs its failure and never rejects.
      void this.#mend();
    }
  }

  close(): void {
    this.#closed = true;
    this.#server?.close();
  }

  /** Notes that the socket which could not be seen is there, as where the rights of the folder were taken and given back. */
  #foundAgain(): void {
    if (this.failing === undefined) return;
    this.failing = undefined;
    this.#log.info('the socket is there again', { socket: this.#path });
  }

  #isServed(): boolean {
    try {
      return lstatSync(this.#path).isSocket() && (this.#byLink === true || !isLink(this.#folder));
    } catch {
      // Whatever the reason is, nobody else can see a socket there either.
      return false;
    }
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
