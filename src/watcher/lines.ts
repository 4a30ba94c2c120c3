/** The limit of a line is ten times what etcd would hold of any EndpointSlice (1,000 endpoints) or Pod (1.5 MiB). */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

const NEWLINE = 0x0a;

/** This error says that the bytes of a stream make no sense: whatever follows can't be trusted. */
export class Corrupt extends Error {}

/**
 * Splits bytes on newlines and decodes whole lines only, since a chunk's end may cut a character.
 * Throws `Corrupt` on bytes that are not UTF-8 and on a line of over `maxBytes`, by default 16 MiB.
 */
export class LineSplitter {
  #maxBytes: number;
  #rest: Uint8Array[] = [];
  #restBytes = 0;
  #decoder = new TextDecoder('utf-8', { fatal: true });

  constructor(maxBytes = MAX_LINE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  *push(chunk: Uint8Array): Generator<string> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const line = this.#complete(chunk.subarray(start, end));
      start = end + 1;
      if (line !== '') yield line;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  /** Returns how many bytes of a line have come that has not ended. */
  get pending(): number {
    return this.#restBytes;
  }

  #complete(end: Uint8Array): string {
    if (this.#restBytes === 0) return this.#decode(end);
    this.#keep(end);
    const line = Buffer.concat(this.#rest);
    this.#rest = [];
    this.#restBytes = 0;
    return this.#decode(line);
  }

  #keep(bytes: Uint8Array): void {
    this.#restBytes += bytes.length;
    if (this.#restBytes > this.#maxBytes) throw new Corrupt(`a line of over ${this.#maxBytes} bytes`);
    this.#rest.push(Uint8Array.prototype.slice.call(bytes));
  }

  #decode(bytes: Uint8Array): string {
    try {
      return this.#decoder.decode(bytes);
    } catch {
      throw new Corrupt('a line that is not UTF-8');
    }
  }
}
