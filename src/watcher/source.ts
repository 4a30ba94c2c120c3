import type { Tick } from './clock.ts';
import type { Member, SourceName, StaleReason } from './protocol.ts';

/** Why what is known may be out of date. */
export interface Staleness {
  reason: StaleReason;
  message: string;
}

/**
 * An event that a source tells the watch loop. A source holds its members in parts (an EndpointSlice, a pod,
 * a DNS answer), each under a key; the group is the union of all parts.
 */
export type SourceEvent<Kept = Member> =
  /**
   * A complete list: parts that are not in it are gone. `partial` says why it is not to be trusted as all, and
   * `stale` why something else that the source follows may be out of date.
   */
  | {
      type: 'replace';
      parts: ReadonlyMap<string, readonly Kept[]>;
      partial?: string | undefined;
      stale?: Staleness | undefined;
    }
  | { type: 'set'; key: string; members: readonly Kept[] }
  | { type: 'delete'; key: string }
  /** Upstream showed that it is there, and all that it has said by now was told. */
  | { type: 'evidence' }
  /** The held members follow upstream again. */
  | { type: 'fresh' }
  /** The stream ended; it may be back in a moment. */
  | { type: 'lost'; message: string }
  /** Upstream could not be followed. */
  | { type: 'failure'; reason: StaleReason; message: string }
  | Tick;

export interface Source {
  readonly name: SourceName;
  /** Runs until the consumer stops; never returns by itself. Yields at least one event a second. */
  events(): AsyncGenerator<SourceEvent, never>;
  /**
   * Tells `hear` of the same events, each in the turn of the event loop in which it arrived, where the source
   * can do that. Resolves within a second after `signal` aborts; rejects with what `hear` throws.
   */
  follow?(hear: (event: SourceEvent) => void, signal: AbortSignal): Promise<void>;
}
