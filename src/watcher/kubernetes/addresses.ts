/** This file orders the addresses of an API server's name, of which some may be dead, slow or half alive. */
import type { LookupAddress } from 'node:dns';
import type { LookupFunction, Socket } from 'node:net';

/**
 * The time that a connection to one address gets before the next address is tried. It begins with Node's own, so that a
 * dead address makes nobody late. Node gives up an address that was only slow, too, so that it grows while no address
 * could be reached: the kernel sends a lost packet again after one second, and after three.
 */
const ATTEMPT_MS = [250, 1500, 4000] as const;

/** The options of a connection that depend on how those before it went. */
export interface AddressOptions {
  lookup: LookupFunction;
  autoSelectFamilyAttemptTimeout: number;
}

/** The connection of one request, which is told how the request went. */
export interface Attempt {
  /** The server has served the request. */
  served(): void;
  /** The request has got nothing from the server. */
  failed(): void;
}

/** Looks up all addresses of a name. */
export type LookupAll = (
  name: string,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * The addresses of one server. Those that failed are tried last, the one that failed first before the others: most
 * resolvers sort the addresses of a name always the same way, so that a server which accepts connections and answers
 * nothing would be asked for ever.
 */
export class Addresses {
  #lookupAll: LookupAll;
  /** The addresses that failed and have not served since, in the order in which they failed. */
  #failed = new Set<string>();
  #patience = 0;

  constructor(lookupAll: LookupAll = systemLookup) {
    this.#lookupAll = lookupAll;
  }

  /** Returns the options of the next connection. They change nothing for a server that is named by its address. */
  options(): AddressOptions {
    return { lookup: this.#lookup, autoSelectFamilyAttemptTimeout: ATTEMPT_MS[this.#patience]! };
  }

  /** Follows the connection of a request from its start. */
  follow(socket: Socket): Attempt {
    let tried: string | undefined;
    let connected = !socket.connecting;
    let gaveUp = false;
    socket.on('connect', () => {
      connected = true;
      tried = socket.remoteAddress;
    });
    socket.on('connectionAttempt', (address) => {
      tried = address;
    });
    socket.on('connectionAttemptFailed', (address) => this.#fail(address));
    socket.on('connectionAttemptTimeout', (address) => {
      gaveUp = true;
      this.#fail(address);
    });
    return {
      served: () => {
        if (tried !== undefined) this.#failed.delete(tried);
      },
      failed: () => {
        if (tried !== undefined) this.#fail(tried);
        if (gaveUp && !connected) this.#patience = Math.min(this.#patience + 1, ATTEMPT_MS.length - 1);
      },
    };
  }

  #fail(address: string): void {
    this.#failed.delete(address);
    this.#failed.add(address);
  }

  #lookup: LookupFunction = (name, options, callback) => {
    this.#lookupAll(name, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const ordered = this.#ordered(addresses);
      if (options.all) callback(null, ordered);
      else callback(null, ordered[0]!.address, ordered[0]!.family);
    });
  };

  /** Returns the addresses in the order in which to try them. Those that the name has no more are forgotten. */
  #ordered(addresses: readonly LookupAddress[]): LookupAddress[] {
    const known = new Map(addresses.map((one) => [one.address, one]));
    this.#failed = new Set([...this.#failed].filter((address) => known.has(address)));
    const failed = [...this.#failed].map((address) => known.get(address)!);
    return [...addresses.filter(({ address }) => !this.#failed.has(address)), ...failed];
  }
}

function systemLookup(...[name, callback]: Parameters<LookupAll>): void {
  process.getBuiltinModule('node:dns').lookup(name, { all: true }, callback);
}
