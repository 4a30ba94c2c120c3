/** An API server that says what a test tells it to, over plain HTTP, and a kubeconfig that leads there. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { stringify } from 'yaml';

/** By `METHOD /path`, without the query: the status and the body. What is missing is a 404. */
export type Answers = Record<string, [status: number, body: unknown, warning?: string]>;

/** Its URL. */
export async function fakeApi(t: TestContext, answers: Answers): Promise<string> {
  const server = createServer((request, response) => {
    const path = request.url!.split('?')[0];
    const [status, body, warning] = answers[`${request.method} ${path}`] ?? [404, { message: `no ${path}` }];
    if (warning !== undefined) response.setHeader('warning', warning);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  t.after(() => server.closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The text of a kubeconfig with one context of this name. */
export function kubeconfig(name: string, server: string, namespace?: string): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server } }],
    users: [{ name, user: { token: 'x' } }],
    contexts: [{ name, context: { cluster: name, user: name, ...(namespace ? { namespace } : {}) } }],
  });
}
