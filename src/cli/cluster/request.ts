import { type IncomingMessage, request as overHttp, type RequestOptions } from 'node:http';
import { request as overHttps } from 'node:https';
import type { KubeConfig } from '../../kubeconfig.ts';
import { type Fields, isFields, type Value } from '../document/value.ts';
import { USER_AGENT } from './user-agent.ts';

export interface ClusterAnswer {
  status: number;
  body: Fields;
  /** The warnings of admission. */
  warnings: string[];
  /** The time of the server's clock, to the second; undefined when the answer does not say it. */
  date: Date | undefined;
}

/** The error that the API server can't be reached, or does not let the user in. */
export class Unreachable extends Error {}

/** The error that nothing answers where the API server is to be. */
export class NoServer extends Unreachable {}

/** Returns what to do about an error, as the end of its sentence: nothing where the API server has answered. */
export function adviceFor(error: Error): string {
  if (!(error instanceof NoServer)) return '';
  return '; is it running, and is it the right one? --context names another';
}

/** The longest that an answer takes. Most take milliseconds, but admission may take 30 s. */
const REQUEST_MS = 40_000;

/**
 * The time for a connection to one address of a server that has several, before the next is tried. Node's own, 250 ms,
 * gives up a server that is far away, or one to which a packet was lost: the kernel sends it again after a second.
 */
const ADDRESS_MS = 1500;

/** The types of bodies. Patches are merge patches, which every server takes for every kind. */
const CONTENT_TYPES = {
  GET: 'application/json',
  POST: 'application/json',
  PATCH: 'application/merge-patch+json',
  DELETE: 'application/json',
} as const;

interface RequestDetails {
  body?: Fields;
  timeoutMs?: number;
  /** The longest answer that is read. The API server is trusted; who answers through its proxy may be anybody. */
  maxBytes?: number;
  /** The words for who is asked, where that is not the API server itself. They begin a sentence of an error. */
  asked?: string;
}

/** Sends one request to the server of the kubeconfig. Throws `Unreachable` when there is no answer. */
export async function request(
  config: KubeConfig,
  server: string,
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  { body, timeoutMs = REQUEST_MS, maxBytes = Infinity, asked: other }: RequestDetails = {},
): Promise<ClusterAnswer> {
  const asked = other ?? `the API server at ${server}`;
  const url = new URL(server.replace(/\/$/, '') + path);
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const options: RequestOptions & { autoSelectFamilyAttemptTimeout: number } = {
    method,
    autoSelectFamilyAttemptTimeout: ADDRESS_MS,
    headers: {
      accept: 'application/json',
      'user-agent': USER_AGENT,
      // Node sends no length by itself where the method is DELETE, and then nobody reads the body.
      ...(payload ? { 'content-type': CONTENT_TYPES[method], 'content-length': payload.length } : {}),
    },
  };
  await authenticate(config, options);
  // The time begins here, since somebody may have had to log in.
  const signal = AbortSignal.timeout(timeoutMs);
  const { promise, resolve, reject } = Promise.withResolvers<ClusterAnswer>();
  const sent = (url.protocol === 'http:' ? overHttp : overHttps)(
    url,
    { ...options, signal },
    async (response) => {
      try {
        const warnings = [response.headers.warning ?? []].flat().flatMap((line) => unpacked(String(line)));
        const date = dateOf(response.headers.date);
        resolve({
          status: response.statusCode!,
          body: parsed(await textOf(response, maxBytes, asked)),
          warnings,
          date,
        });
      } catch (error) {
        reject(error as Error);
      }
    },
  );
  sent.on('error', reject);
  sent.end(payload);
  try {
    const answer = await promise;
    if (answer.status === 401) config.refused();
    return answer;
  } catch (error) {
    if (error instanceof Unreachable) throw error;
    if (signal.aborted) {
      const Kind = other === undefined ? NoServer : Unreachable;
      throw new Kind(`${asked} has given no answer for ${timeoutMs / 1000} s`);
    }
    const { code, message } = error as NodeJS.ErrnoException;
    throw new NoServer(`the API server at ${server} can't be reached (${code ?? message})`);
  }
}

/** Reads an answer to its end, and ends the connection to one that is longer than anybody needs. */
async function textOf(response: IncomingMessage, maxBytes: number, asked: string): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > maxBytes) throw new Unreachable(`${asked} has answered more than ${maxBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces, length).toString();
}

/** Adds the user's credentials. A program of the cloud provider may give them out, and it may fail. */
async function authenticate(config: KubeConfig, options: RequestOptions): Promise<void> {
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    throw new Unreachable(`the credentials of the kubeconfig can't be used: ${(error as Error).message}`);
  }
}

/** Returns the texts of a Warning header, which looks like `299 - "text", 299 - "text"`. */
function unpacked(header: string): string[] {
  return [...header.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, quoted]) =>
    quoted!.replace(/\\(.)/g, '$1'),
  );
}

function dateOf(header: string | undefined): Date | undefined {
  const date = new Date(header ?? '');
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function parsed(answer: string): Fields {
  try {
    const value: unknown = JSON.parse(answer);
    return isFields(value as Value) ? (value as Fields) : { message: answer.trim() };
  } catch {
    // A proxy in between may answer with text that is not JSON: the text itself is the message then.
    return { message: answer.trim() };
  }
}

/** Returns the sentence of the API server about a request that failed. */
export function refusal({ status, body }: ClusterAnswer): string {
  return `${status}: ${typeof body.message === 'string' ? body.message : 'no reason given'}`;
}
