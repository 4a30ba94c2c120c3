/** The API double, saying what a test tells it to, and a kubeconfig that leads there. */
import type { TestContext } from 'node:test';
import { stringify } from 'yaml';
import { type KubernetesDouble, kubernetesDouble } from '../support/kubernetes-double.ts';

/**
 * The answers by `METHOD /path`, without the query: the status and the body. A missing one is a 404; a lost one ends the
 * connection once the request has arrived, and `never` does not even that.
 */
export type Answers = Record<string, [status: number, body: unknown, warning?: string] | 'lost' | 'never'>;

export async function answeringApi(t: TestContext, answers: Answers): Promise<KubernetesDouble> {
  const api = await kubernetesDouble(t);
  api.fault(({ method, path }) => {
    const answer = answers[`${method} ${path}`] ?? [404, { message: `no ${path}` }];
    if (answer === 'lost') return { destroy: true };
    if (answer === 'never') return { hang: true };
    const [status, body, warning] = answer;
    return { status, body, ...(warning === undefined ? {} : { headers: { warning } }) };
  });
  return api;
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
