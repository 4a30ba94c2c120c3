/** Ways to put something between the parts of a sidecar. */

import type { Clock } from '../../src/watcher/clock.ts';
import type { Body } from '../../src/watcher/kubernetes/body.ts';
import type { Response, Transport } from '../../src/watcher/kubernetes/transport.ts';
import type { Pipe } from '../../src/watcher/outputs/readers.ts';
import type { Source, SourceEvent } from '../../src/watcher/source.ts';
import { bodyOf, chunksOf } from '../support/bodies.ts';

/** Each event of the source as the events that are made of it. */
export function events(
  source: Source,
  each: (event: SourceEvent) => Iterable<SourceEvent>,
  first: readonly SourceEvent[] = [],
): Source {
  async function* rewritten(): AsyncGenerator<SourceEvent, never> {
    yield* first;
    for await (const event of source.events()) yield* each(event);
    throw new Error('a source never ends');
  }
  return { name: source.name, events: rewritten };
}

/** Ticks once a second for ever: a source that has given up. */
export async function* ticks(clock: Clock): AsyncGenerator<SourceEvent, never> {
  for (;;) {
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 1000));
    yield { type: 'tick' };
  }
}

/** Every request and its answer. */
export function exchanges(
  transport: Transport,
  rewrite: { path?(url: URL): void; response?(response: Response, url: URL): Promise<Response> | Response },
): Transport {
  return {
    get(path) {
      const url = new URL(path, 'http://api');
      rewrite.path?.(url);
      const request = transport.get(url.pathname + url.search);
      const response = request.response.then((answer) => rewrite.response?.(answer, url) ?? answer);
      response.catch(() => {});
      return { response, close: () => request.close() };
    },
    unauthorized: () => transport.unauthorized(),
  };
}

/** Every whole line of an answer as the lines that are made of it. */
export function lines(body: Body, each: (line: string) => Iterable<string>): Body {
  async function* rewritten(): AsyncGenerator<Uint8Array, undefined> {
    const chunks = chunksOf(body);
    let rest = Buffer.alloc(0);
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
      rest = Buffer.concat([rest, next.value]);
      let out = '';
      for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
        for (const line of each(rest.toString('utf8', 0, end))) out += `${line}\n`;
        rest = rest.subarray(end + 1);
      }
      if (out !== '') yield Buffer.from(out);
    }
    if (rest.length > 0) yield rest;
    return undefined;
  }
  return bodyOf(rewritten());
}

/** The whole answer as text. */
export async function whole(body: Body): Promise<string> {
  const chunks = chunksOf(body);
  const all: Uint8Array[] = [];
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) all.push(next.value);
  return Buffer.concat(all).toString('utf8');
}

/** A text as a body. */
export function once(text: string): Body {
  async function* chunks(): AsyncGenerator<Uint8Array, undefined> {
    yield Buffer.from(text);
    return undefined;
  }
  return bodyOf(chunks());
}

/** Every piece that is written to a reader. */
export function pieces(pipe: Pipe, write: (data: string | Uint8Array) => boolean): Pipe {
  return {
    get destroyed() {
      return pipe.destroyed;
    },
    write,
    on: (event, listener) => pipe.on(event, listener),
    end: (done) => pipe.end(done),
    destroy: () => pipe.destroy(),
  };
}

/** A clock on which everything takes longer than it should. */
export function slowed(clock: Clock, times: number): Clock {
  return {
    now: () => clock.now() / times,
    date: () => clock.date(),
    random: () => clock.random(),
    setTimeout: (run, milliseconds) => clock.setTimeout(run, milliseconds * times),
    clearTimeout: (timer) => clock.clearTimeout(timer),
    setImmediate: (run) => clock.setImmediate(run),
  };
}
