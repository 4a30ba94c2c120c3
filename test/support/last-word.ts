/** A review that a test sends to a webhook itself, so that the line about it ends the log so far. */

import { request } from 'node:https';
import { reviewOf } from '../webhook/reviews.ts';

const PREFIX = 'last-word-';
let words = 0;

/** Returns whether a line of the log, by the pod in it, is about such a review. */
export function isLastWord(pod: unknown): boolean {
  return String(pod).startsWith(PREFIX);
}

/** Posts a review of a pod that is left alone, and returns the name of the pod once the review is answered. */
export async function lastWord(port: number): Promise<string> {
  words += 1;
  const name = `${PREFIX}${words}`;
  const pod = {
    metadata: { name, annotations: { 'rollcall.dev/inject': 'false' } },
    spec: { containers: [{ name: 'app', image: 'app:1' }] },
  };
  const review = reviewOf({ uid: name, name, namespace: 'default', object: pod });
  await posted(port, JSON.stringify(review));
  return name;
}

function posted(port: number, body: string): Promise<void> {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  // Nothing in it is secret, and the certificate is none of this test's.
  const options = {
    host: '127.0.0.1',
    port,
    path: '/mutate',
    method: 'POST',
    headers,
    agent: false as const,
  };
  return new Promise((resolve, reject) => {
    request({ ...options, rejectUnauthorized: false }, (response) => {
      response.resume().on('end', resolve);
      if (response.statusCode !== 200) reject(new Error(`a review was answered with ${response.statusCode}`));
    })
      .on('error', reject)
      .end(body);
  });
}
