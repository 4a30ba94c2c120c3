import { createHash, timingSafeEqual } from 'node:crypto';

/** The parts of a request that decide whether it is answered. */
export interface PageRequest {
  method: string | undefined;
  url: string | undefined;
  host: string | undefined;
  /** `Sec-Fetch-Site`, which a browser sets and a page can't. */
  site: string | undefined;
}

export type PageVerdict =
  | { path: string; query: URLSearchParams }
  | { status: 403 | 404 | 405 | 421; sentence: string };

/**
 * Judges a request. Whoever can reach the port of the loopback must not see the cluster by it, be it another user of
 * this machine or a page of the internet in the user's browser: the path begins with a secret, and the name of the
 * host is that of the loopback, which another name that leads there (DNS rebinding) is not.
 */
export function judge({ method, url, host, site }: PageRequest, token: string, port: number): PageVerdict {
  if (!['127.0.0.1', 'localhost', '[::1]'].some((name) => host === `${name}:${port}`)) {
    return { status: 421, sentence: `the page is at http://127.0.0.1:${port} only` };
  }
  if (site !== undefined && site !== 'none' && site !== 'same-origin') {
    return {
      status: 403,
      sentence: 'another site asks for it; open the address that rollcall dashboard prints',
    };
  }
  if (method !== 'GET') return { status: 405, sentence: 'the page is only read: GET' };
  const [, given = '', ...path] = (url ?? '').split(/[?#]/, 1)[0]!.split('/');
  if (!isSame(given, token)) {
    return { status: 404, sentence: 'open the address that rollcall dashboard prints, as it is' };
  }
  return { path: path.join('/'), query: new URL(url!, 'http://localhost').searchParams };
}

/** Compares in a time that tells nothing of where they differ. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
