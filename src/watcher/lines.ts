/** The limit of a line is ten times what etcd would hold of any EndpointSlice (1,000 endpoints) or Pod (1.5 MiB). */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

const NEWLINE = 0x0a;

const NOTHING = new Uint8Array(0);

/** This error says that the bytes of a stream make no sense: whatever follows can't be trusted. */
export class Corrupt extends Error {}

/**
 * Splits bytes on newlines and decodes whole lines only, since a chunk's end may cut a character.
 * Throws `Corrupt` on bytes that are not UTF-8 and on a line of over `maxBytes`, by default 16 MiB.
 */
export class LineSplitter {
  #maxBytes: number;
  /** The beginning of a line, in as much room as it is likely to need. */
  #rest = NOTHING;
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
    this.#keep(chunk.subarray(start));
  }

  /** Returns how many bytes of a line have come that has not ended. */
  get pending(): number {
    return this.#restBytes;
  }

  #complete(end: Uint8Array): string {
    if (this.#restBytes === 0) return this.#decode(end);
    this.#keep(end);
    const line = this.#rest.subarray(0, this.#restBytes);
    this.#rest = NOTHING;
    this.#restBytes = 0;
    return this.#decode(line);
  }

  /**
   * Keeps the bytes of a line that has not ended, in room that doubles. So a line that comes byte by byte takes twice
   * its bytes at most, where a copy of each byte would take a hundred times as much.
   */
  #keep(bytes: Uint8Array): void {
    const all = this.#restBytes + bytes.length;
    if (all > this.#maxBytes) throw new Corrupt(`a line of over ${this.#maxBytes} bytes`);
    if (all > this.#rest.length) {
      const roomier = new Uint8Array(2 * all);
      roomier.set(this.#rest.subarray(0, this.#restBytes));
      this.#rest = roomier;
    }
    this.#rest.set(bytes, this.#restBytes);
    this.#restBytes = all;
  }

  #decode(bytes: Uint8Array): string {
    try {
      return this.#decoder.decode(bytes);
    } catch {
      throw new Corrupt('a line that is not UTF-8');
    }
  }
}
