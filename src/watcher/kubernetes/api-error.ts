import type { StaleReason } from '../protocol.ts';

/** The fields of a `Status` object that decide what an error means. */
export interface StatusObject {
  code?: number | undefined;
  reason?: string | undefined;
  message?: string | undefined;
  retryAfterSeconds?: number | undefined;
  /** The reasons of its causes. */
  causes?: readonly string[] | undefined;
  /** The object that it is about. */
  about?: StatusSubject | undefined;
}

/** An object as a Status names it: `kind` is the resource, such as `namespaces`. */
export interface StatusSubject {
  kind: string;
  name: string;
}

/** The reasons of a version, or of the token of a page, that the server has forgotten. */
const EXPIRED: ReadonlySet<string | undefined> = new Set(['Expired', 'Gone']);

/** The API server answered with an error, as an HTTP response or as an event of a watch. */
export class ApiError extends Error {
  readonly status: number;
  readonly where: 'response' | 'stream';
  readonly retryAfterMs: number;
  readonly causes: readonly string[];
  readonly about: StatusSubject | undefined;

  constructor(status: StatusObject, where: 'response' | 'stream', retryAfterMs: number) {
    // The reason decides, as it does to client-go: not every server and proxy says 410 along with it.
    const code = EXPIRED.has(status.reason) ? 410 : status.code || 500;
    super(`the API server says ${code}: ${status.message ?? status.reason ?? 'no reason given'}`);
    this.status = code;
    this.where = where;
    this.retryAfterMs = retryAfterMs;
    this.causes = status.causes ?? [];
    this.about = status.about;
  }
}

/** The most characters of a message that are kept, since it goes to logs and to every reader of the stream. */
export const MAX_MESSAGE = 500;

/** This is the longest pause that a server may ask for: a minute of silence is an outage, whoever asked for it. */
const MAX_RETRY_AFTER_S = 60;

export function statusError(
  status: StatusObject,
  where: 'response' | 'stream',
  retryAfter?: string | string[] | undefined,
): ApiError {
  const seconds = Number(retryAfter ?? status.retryAfterSeconds ?? 0);
  const bounded = Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER_S) : 0;
  return new ApiError(status, where, bounded * 1000);
}

/**
 * Whether the version asked for is one that this server has not reached: its data went back in time. Servers
 * give that cause since Kubernetes 1.19.
 */
export function isTooLargeVersion({ causes }: ApiError): boolean {
  return causes.includes('ResourceVersionTooLarge');
}

/**
 * The server's certificate was not accepted: its CA may have been replaced. OpenSSL's names for that, and
 * Node's for a name that is not the server's.
 */
export function isUntrusted(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_|ERR_TLS_CERT_)/.test(code);
}

export interface Failure {
  reason: StaleReason;
  message: string;
  retryAfterMs: number;
}

/** Returns what an error means to the reader of the stream. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ApiError) {
    const reason =
      error.status === 401 ? 'unauthorized' : error.status === 403 ? 'forbidden' : ('disconnected' as const);
    const mayWait = error.status === 429 || error.status === 503;
    return { reason, message: error.message, retryAfterMs: mayWait ? error.retryAfterMs : 0 };
  }
  // The message may quote bytes of the answer.
  return { reason: 'disconnected', message: messageOf(error).slice(0, MAX_MESSAGE), retryAfterMs: 0 };
}

/**
 * Returns the message, with the code behind it unless the error is of a system call, whose messages name it. The error
 * of a server of which no address could be reached has no message of its own, but one error for each address.
 */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join(', ');
  const { message, code, syscall } = error as NodeJS.ErrnoException;
  return code === undefined || syscall !== undefined ? message : `${message} (${code})`;
}
