/** Asks a webhook as an API server does: over TLS, with its certificate verified. */
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { apply_patch } from 'jsonpatch';
import type { Operation } from '../inject/operations.ts';
import type { AdmissionResponse } from '../webhook/review.ts';
import type { AdmissionReview } from './admission-review.ts';

/** The time for an answer: API servers wait 10 s by default, and at most 30 s. */
const TIMEOUT_SECONDS = 10;

export interface WebhookAddress {
  port: number;
  /** The certificates that are trusted, as PEM. */
  ca: string;
  /** The name that is sent and verified; by default `localhost`. */
  serverName?: string;
}

/** Sends one request to 127.0.0.1. Resolves to the body; rejects on every status but 200. */
export async function call(
  target: WebhookAddress,
  method: string,
  path: string,
  body?: string,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const { port, ca, serverName = 'localhost' } = target;
  const headers =
    body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const sent = request({
    ...{ host: '127.0.0.1', port, ca, servername: serverName, agent: false },
    ...{ method, path, headers, timeout: TIMEOUT_SECONDS * 1000 },
  });
  sent.on('response', (response) => {
    text(response).then((answer) => {
      if (response.statusCode === 200) resolve(answer);
      else reject(new Error(`${method} ${path} answered ${response.statusCode}: ${answer}`));
    }, reject);
  });
  sent.on('timeout', () =>
    sent.destroy(
      new Error(`${method} ${path}: no answer in ${TIMEOUT_SECONDS} s; look at the webhook's log`),
    ),
  );
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

/** Asks about one pod. Rejects when the answer is not one to this question. */
export async function ask(target: WebhookAddress, review: AdmissionReview): Promise<AdmissionResponse> {
  const path = `/mutate?timeout=${TIMEOUT_SECONDS}s`;
  const answered = JSON.parse(await call(target, 'POST', path, JSON.stringify(review)));
  const { apiVersion, kind, response } = answered as {
    apiVersion: string;
    kind: string;
    response: AdmissionResponse;
  };
  if (apiVersion === review.apiVersion && kind === review.kind && response?.uid === review.request.uid) {
    return response;
  }
  throw new Error(`the webhook's answer is not one to review ${review.request.uid}: ${answered}`);
}

export function operationsOf({ patch }: AdmissionResponse): Operation[] {
  return patch === undefined ? [] : JSON.parse(Buffer.from(patch, 'base64').toString());
}

/** Returns the pod as the API server would make it. The patch is applied by another library than the webhook's. */
export function patched<T>(pod: T, operations: readonly Operation[]): T {
  return apply_patch(structuredClone(pod), operations as Operation[]) as T;
}
