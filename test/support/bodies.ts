import { type Body, type BodyReader, chunksOf } from '../../src/watcher/kubernetes/body.ts';

export { chunksOf };

/** An arrival of a body: bytes, a broken connection, or its end. */
export type Arrived = Uint8Array | Error | 'end';

/** A body of what arrives here, handed on at once to whoever reads it. */
export class ArrivingBody implements Body {
  #reader: BodyReader | undefined;
  #waiting: Arrived[] = [];

  arrive(arrived: Arrived): void {
    this.#waiting.push(arrived);
    this.#hand();
  }

  read(reader: BodyReader): void {
    this.#reader = reader;
    this.#hand();
  }

  #hand(): void {
    while (this.#reader !== undefined && this.#waiting.length > 0) {
      const arrived = this.#waiting.shift()!;
      if (arrived === 'end') this.#reader.end();
      else if (arrived instanceof Error) this.#reader.end(arrived);
      else this.#reader.chunk(arrived);
    }
  }
}

/** A body whose chunks are made by a generator; each is asked for when the one before it was handled. */
export function bodyOf(chunks: AsyncIterator<Uint8Array, undefined>): Body {
  return {
    read(reader) {
      const run = async () => {
        for (let next = await chunks.next(); !next.done; next = await chunks.next()) reader.chunk(next.value);
      };
      run().then(
        () => reader.end(),
        (error: Error) => reader.end(error),
      );
    },
  };
}
