import type { ServerResponse } from 'node:http';
import type { Tables, Update } from './tables.ts';

/** Changes are sent together that often: fast to the eye, and a roll-out is a few messages a second. */
const SEND_MS = 200;
/** A connection through which nothing goes may be dropped by what is between, and the page wants to know. */
const BEAT_MS = 5000;
/** A page that does not read is not kept in memory: it connects again, and gets everything. */
const MAX_BACKLOG_BYTES = 16 * 1024 * 1024;

interface OpenPage {
  response: ServerResponse;
  group: string;
}

/** The pages that are open, each a stream of server-sent events. */
export class Streams {
  #tables: Tables;
  #settle: () => void;
  #readers = new Set<OpenPage>();
  #timers: NodeJS.Timeout[];
  #maxBacklog: number;

  /** `settle` brings the tables up to date before they are sent. */
  constructor(tables: Tables, settle: () => void, maxBacklog = MAX_BACKLOG_BYTES) {
    this.#tables = tables;
    this.#settle = settle;
    this.#maxBacklog = maxBacklog;
    const sending = setInterval(() => this.#send(), SEND_MS);
    const beating = setInterval(() => this.#beat(), BEAT_MS);
    this.#timers = [sending, beating];
  }

  /** The groups that somebody looks at. */
  looked(): Set<string> {
    return new Set([...this.#readers].map(({ group }) => group).filter((group) => group !== ''));
  }

  open(response: ServerResponse, group: string): void {
    // Changes that were not sent yet go to the other readers first, since the rows that are taken below have them.
    this.#send();
    const reader = { response, group };
    this.#readers.add(reader);
    response.once('close', () => this.#readers.delete(reader));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    this.#write(reader, this.#tables.whole(group));
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    for (const { response } of this.#readers) response.end();
  }

  #send(): void {
    this.#settle();
    const updateFor = this.#tables.take();
    for (const reader of this.#readers) {
      const update = updateFor(reader.group);
      if (update !== undefined) this.#write(reader, update);
    }
  }

  #beat(): void {
    for (const { response } of this.#readers) response.write('event: beat\ndata: {}\n\n');
  }

  #write({ response }: OpenPage, update: Update): void {
    if (response.writableLength > this.#maxBacklog) response.destroy();
    else response.write(`data: ${JSON.stringify(update)}\n\n`);
  }
}
