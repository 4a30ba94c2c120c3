/** An HTTPS request with JSON in and out, for a server whose CA is given. */

import { request as httpsRequest } from 'node:https';

export interface Reply {
  status: number;
  /** Parsed when it is JSON, otherwise the text. */
  // biome-ignore lint/suspicious/noExplicitAny: Kubernetes objects of every kind; tests pick what they assert
  body: any;
  /** The texts of the `Warning` headers, as kubectl shows them. */
  warnings: string[];
}

export interface Target {
  url: string;
  /** PEM. */
  ca: string;
  token?: string;
}

/**
 * The time of a request: longer than the slowest answer that a test waits for, an admission call that takes its 34 s,
 * on a machine with too much to do.
 */
const TIMEOUT_MS = 120_000;

export function apiRequest(
  target: Target,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const payload = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  const options = {
    method,
    ca: target.ca,
    // A new connection each time: a test restarts servers, and a pooled socket would point to the old one.
    agent: false as const,
    timeout: TIMEOUT_MS,
    headers: {
      accept: 'application/json',
      ...(target.token ? { authorization: `Bearer ${target.token}` } : {}),
      ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
  };
  return new Promise((resolve, reject) => {
    const request = httpsRequest(new URL(path, target.url), options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        const warnings = warningTexts(response.headers.warning);
        resolve({ status: response.statusCode ?? 0, body: parsed(text), warnings });
      });
      response.on('error', reject);
    });
    request.on('timeout', () =>
      request.destroy(new Error(`${method} ${path}: no answer in ${TIMEOUT_MS} ms`)),
    );
    request.on('error', reject);
    request.end(payload);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** `299 - "text", 299 - "text"`, with quotes inside a text escaped. */
function warningTexts(header: string | undefined): string[] {
  const quoted = header?.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g) ?? [];
  return [...quoted].map((match) => match[1]!.replace(/\\(.)/g, '$1'));
}
