import type { SourceEvent } from './source.ts';

/** Tells `hear` of events until `signal` aborts. */
export type Push<Kept> = (hear: (event: SourceEvent<Kept>) => void, signal: AbortSignal) => Promise<void>;

/**
 * Yields the events of a source that pushes them. They wait here until the consumer asks: one that does its
 * work between two events without waiting itself has taken all of a chunk before the next one is read. Every
 * consumer has to be such a one, since the changes that wait for one that does not ask have no bound; of signs of
 * life one waits at most.
 */
export async function* pulled<Kept>(push: Push<Kept>): AsyncGenerator<SourceEvent<Kept>, never> {
  const stop = new AbortController();
  let waiting: SourceEvent<Kept>[] = [];
  let failure: { error: unknown } | undefined;
  let wake = () => {};
  const hear = (event: SourceEvent<Kept>) => {
    if (!isSaidAlready(event, waiting.at(-1))) waiting.push(event);
    wake();
  };
  push(hear, stop.signal).catch((error) => {
    failure = { error };
    wake();
  });
  try {
    for (;;) {
      while (waiting.length === 0) {
        if (failure !== undefined) throw failure.error;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const ready = waiting;
      waiting = [];
      for (const event of ready) yield event;
    }
  } finally {
    stop.abort();
  }
}

/** Returns whether an event adds nothing to the last one that waits: it is a sign of life behind another. */
function isSaidAlready<Kept>({ type }: SourceEvent<Kept>, last: SourceEvent<Kept> | undefined): boolean {
  return last !== undefined && (type === 'tick' || (type === 'evidence' && last.type === 'evidence'));
}
