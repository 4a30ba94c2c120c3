/** An API double that is asked over HTTP, as a client does, and what it answers. */
import { once } from 'node:events';
import http from 'node:http';
import { createInterface } from 'node:readline';
import type { ApiObject } from '../../../src/testing/api/objects.ts';
import type { KubernetesDouble } from '../../support/kubernetes-double.ts';

export const secrets = '/api/v1/namespaces/demo/secrets';
export const webhooks = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely here
export type Any = any;

interface Answer {
  code: number;
  body: Any;
}

export async function send(
  api: KubernetesDouble,
  method: string,
  path: string,
  body?: unknown,
  type?: string,
) {
  const response = await fetch(`${api.url}${path}`, {
    method,
    headers: { 'content-type': type ?? 'application/json' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { code: response.status, body: await response.json() } as Answer;
}

interface WatchEvent {
  type: string;
  object: Any;
}

/** Reads a watch line by line; `failed` resolves to the error that cut it short. */
export async function watch(api: KubernetesDouble, path: string, query = '') {
  const request = http.get(`${api.url}${path}?watch=true&${query}`);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const failed = new Promise<Error>((resolve) => {
    for (const emitter of [request, response]) emitter.on('error', resolve);
  });
  const lines = createInterface({ input: response })[Symbol.asyncIterator]();
  const nextLine = async () => (await lines.next()).value as string | undefined;
  const next = async (): Promise<WatchEvent> => JSON.parse((await nextLine()) ?? 'null');
  return { code: response.statusCode, next, nextLine, failed, close: () => request.destroy() };
}

export const secret = (name: string, labels?: Record<string, string>): ApiObject => ({
  metadata: { name, ...(labels ? { labels } : {}) },
  data: { key: 'dmFsdWU=' },
});

export const summary = (event: WatchEvent) => `${event.type} ${event.object.metadata.name}`;
