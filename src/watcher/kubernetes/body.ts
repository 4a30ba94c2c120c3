/** A reader is told of the chunks of a body, and of its end. */
export interface BodyReader {
  /** Handles bytes in the turn of the event loop in which they arrived; no more are read before it returns. */
  chunk(bytes: Uint8Array): void;
  /** This is called once, with an error where the connection broke before the body was complete. */
  end(error?: Error): void;
}

/** The body of a response, handed on as it arrives. */
export interface Body {
  /** Starts to read, once; what has come before is handed on from here. */
  read(reader: BodyReader): void;
}

/**
 * The chunks of a body for whoever waits for each. Nothing holds the server back meanwhile, so it is for what
 * is kept as a whole anyway: lists and errors.
 */
export function chunksOf(body: Body): AsyncIterator<Uint8Array, undefined> {
  const chunks: Uint8Array[] = [];
  let end: { error: Error | undefined } | undefined;
  let wake = () => {};
  body.read({
    chunk(bytes) {
      chunks.push(bytes);
      wake();
    },
    end(error) {
      end = { error };
      wake();
    },
  });
  return {
    async next() {
      while (chunks.length === 0 && end === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const value = chunks.shift();
      if (value !== undefined) return { done: false, value };
      if (end?.error !== undefined) throw end.error;
      return { done: true, value: undefined };
    },
  };
}
