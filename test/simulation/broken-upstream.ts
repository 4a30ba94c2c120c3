/** List+watch clients that get it wrong, as seen between a right one and the API. */

import type { Clock } from '../../src/watcher/clock.ts';
import type { AddressRecord, DnsResolver } from '../../src/watcher/dns/dns-resolver.ts';
import type { Body } from '../../src/watcher/kubernetes/body.ts';
import type { Response, Transport } from '../../src/watcher/kubernetes/transport.ts';
import { bodyOf, chunksOf } from '../support/bodies.ts';
import { exchanges, lines, once, whole } from './rewiring.ts';

const isList = (url: URL) => url.searchParams.get('watch') === null;
const isPlainWatch = (url: URL) => !isList(url) && url.searchParams.get('sendInitialEvents') === null;
const isStreamingList = (url: URL) => !isList(url) && !isPlainWatch(url);

export function versionFromAnyBytes(api: Transport): Transport {
  let seen = '';
  async function* noted(body: Body): AsyncGenerator<Uint8Array, undefined> {
    const chunks = chunksOf(body);
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
      const versions = [...Buffer.from(next.value).toString('latin1').matchAll(VERSION)];
      seen = versions.at(-1)?.[1] ?? seen;
      yield next.value;
    }
    return undefined;
  }
  return exchanges(api, {
    path: (url) => {
      if (isPlainWatch(url) && seen !== '') url.searchParams.set('resourceVersion', seen);
    },
    response: (answer, url) => (isList(url) ? answer : { ...answer, body: bodyOf(noted(answer.body)) }),
  });
}

const VERSION = /"resourceVersion":"(\d+)"/g;

export function versionFromLastItem(api: Transport): Transport {
  const itemOf = new Map<string, string>();
  const pages = async (answer: Response): Promise<Response> => {
    const text = await whole(answer.body);
    const [list, ...items] = [...text.matchAll(VERSION)].map((match) => match[1]!);
    if (list !== undefined && items.length > 0) itemOf.set(list, items.at(-1)!);
    return { ...answer, body: once(text) };
  };
  const stream = (answer: Response): Response => {
    let last: string | undefined;
    const body = lines(answer.body, (line) => {
      const version = /"resourceVersion":"(\d+)"/.exec(line)?.[1];
      if (!line.includes('k8s.io/initial-events-end')) last = version;
      else if (last !== undefined && version !== undefined) itemOf.set(version, last);
      return [line];
    });
    return { ...answer, body };
  };
  return exchanges(api, {
    path: (url) => {
      const version = url.searchParams.get('resourceVersion') ?? '';
      if (isPlainWatch(url)) url.searchParams.set('resourceVersion', itemOf.get(version) ?? version);
    },
    response: (answer, url) => {
      if (isPlainWatch(url) || answer.status !== 200) return answer;
      return isList(url) ? pages(answer) : stream(answer);
    },
  });
}

export function relistsFromCache(api: Transport): Transport {
  let first: string | undefined;
  return exchanges(api, {
    path: ({ searchParams: query }) => {
      if (query.get('resourceVersion')) first ??= query.get('resourceVersion')!;
      if (first === undefined || query.get('continue') !== null || query.get('resourceVersion')) return;
      query.set('resourceVersion', first);
      query.set('resourceVersionMatch', 'NotOlderThan');
    },
  });
}

export function emptyInsteadOfError(answer: Response, url: URL): Response {
  const mattersElsewhere = [200, 400, 410, 422, 504].includes(answer.status);
  if (mattersElsewhere || isPlainWatch(url)) return answer;
  const metadata = { resourceVersion: '1', annotations: { 'k8s.io/initial-events-end': 'true' } };
  const body = isList(url) ? { metadata, items: [] } : { type: 'BOOKMARK', object: { metadata } };
  return { ...answer, status: 200, body: once(`${JSON.stringify(body)}\n`) };
}

export function senselessSkipped(answer: Response, url: URL): Response {
  if (isList(url)) return answer;
  return { ...answer, body: lines(answer.body, (line) => (makesSense(line) ? [line] : [])) };
}

export function versionWithoutBookmarks(api: Transport): Transport {
  const before = new Map<string, string>();
  let last = '';
  const noted = (line: string) => {
    const version = /"resourceVersion":"(\d+)"/.exec(line)?.[1] ?? last;
    const closesList = line.includes('k8s.io/initial-events-end');
    if (line.startsWith('{"type":"BOOKMARK"') && !closesList) before.set(version, before.get(last) ?? last);
    last = version;
    return [line];
  };
  return exchanges(api, {
    path: (url) => {
      const version = url.searchParams.get('resourceVersion') ?? '';
      if (isPlainWatch(url)) url.searchParams.set('resourceVersion', before.get(version) || version);
    },
    response: (answer, url) => (isList(url) ? answer : { ...answer, body: lines(answer.body, noted) }),
  });
}

function makesSense(line: string): boolean {
  try {
    const { type, object } = JSON.parse(line);
    if (type === 'ERROR') return true;
    const named = type === 'BOOKMARK' || object.metadata.name !== undefined;
    const known = ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'].includes(type);
    return known && named && object.metadata.resourceVersion !== '' && !line.includes('\ufffd');
  } catch {
    return false;
  }
}

export async function firstPageOnly(answer: Response, url: URL): Promise<Response> {
  if (!isList(url) || answer.status !== 200) return answer;
  const text = await whole(answer.body);
  return { ...answer, body: once(text.replace(/"continue":"[^"]*"/, '"note":""')) };
}

export function listEndsAtOnce(answer: Response, url: URL): Response {
  if (!isStreamingList(url) || answer.status !== 200) return answer;
  let begun = false;
  const body = lines(answer.body, (line) => {
    const [, resourceVersion] = /"resourceVersion":"(\d+)"/.exec(line) ?? [];
    if (begun || resourceVersion === undefined) return [line];
    begun = true;
    const metadata = { resourceVersion, annotations: { 'k8s.io/initial-events-end': 'true' } };
    return [line, JSON.stringify({ type: 'BOOKMARK', object: { metadata } })];
  });
  return { ...answer, body };
}

/** An empty line now and then, as if it came from the server. */
export function neverSilent(answer: Response, url: URL, clock: Clock): Response {
  async function* padded(): AsyncGenerator<Uint8Array, undefined> {
    const chunks = chunksOf(answer.body);
    for (;;) {
      const reading = chunks.next();
      for (;;) {
        const expired = new Promise<undefined>((resolve) => {
          clock.setTimeout(() => resolve(undefined), 20_000);
        });
        const next = await Promise.race([reading, expired]);
        if (next?.done) return undefined;
        yield next?.value ?? Buffer.from('\n');
        if (next !== undefined) break;
      }
    }
  }
  return isList(url) ? answer : { ...answer, body: bodyOf(padded()) };
}

export async function withoutRetryAfter(answer: Response): Promise<Response> {
  const { 'retry-after': _, ...headers } = answer.headers;
  if (answer.status === 200) {
    const body = lines(answer.body, (line) => [line.replace(/,"details":\{[^}]*\}/, '')]);
    return { ...answer, body };
  }
  const text = await whole(answer.body);
  return { ...answer, headers, body: once(text.replace('retryAfterSeconds', 'note')) };
}

export function oneNameForAnother(resolver: DnsResolver): DnsResolver {
  let last: AddressRecord[] = [];
  return {
    srv: (name) => resolver.srv(name),
    a: async (name) => {
      const [answer, other] = [await resolver.a(name), last];
      last = answer;
      return other.length > 0 ? other : answer;
    },
    aaaa: (name) => resolver.aaaa(name),
  };
}
