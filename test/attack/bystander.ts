/**
 * The rest of the cluster, in a process of its own, so that an attacker's work takes no time from it: the API
 * double behind the webhook, and an honest API server that asks each 200 ms over a new and over a kept
 * connection. It asks a server that does nothing the same, so that a busy machine is known for one. It is
 * driven by messages: `serve` starts the asking, and each answer is reported.
 */

import { Agent, request as httpsRequest } from 'node:https';
import { startKubernetesDouble } from '../support/kubernetes-double.ts';
import { askingPod, NAMESPACES, review, UID } from './reviews.ts';

/** One honest request. */
export interface Honest {
  /** When it was sent, as `Date.now()`. */
  at: number;
  kept: boolean;
  /** Asked of the server that does nothing. */
  idle: boolean;
  ms: number;
  /** Empty when it was answered with an injecting patch; otherwise what was wrong. */
  fault: string;
}

/** `asking` tells when so many honest requests are sent, as `Date.now()`; each is an `honest` later. */
export type FromBystander =
  | { ready: { url: string } }
  | { asking: { at: number; count: number } }
  | { honest: Honest };
export type ToBystander =
  | { start: { key: string; cert: string } }
  /** The port that the webhook serves on, and that of the server that does nothing. */
  | { ask: { port: number; idlePort: number } };

const PACE_MS = 200;
/** The longest wait for an answer. Whether it was too long is for the siege to judge, which knows the machine. */
const GIVEN_UP_MS = 60_000;

const tell = (message: FromBystander) => process.send!(message);

async function start(tls: { key: string; cert: string }): Promise<void> {
  const api = await startKubernetesDouble({ tls });
  api.create('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
    metadata: { name: 'rollcall' },
    webhooks: [{ name: 'pods.rollcall.dev', clientConfig: {} }],
  });
  for (const [name, labels] of Object.entries(NAMESPACES)) {
    api.create('/api/v1/namespaces', { metadata: { name, labels } });
    // The controller manager makes it in every namespace.
    api.create(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
  }
  // What was asked of it is of no use here, and would fill the memory.
  setInterval(() => api.requests.splice(0), 1000).unref();
  tell({ ready: { url: api.url } });
}

function ask(port: number, idlePort: number): void {
  const agents = [false, new Agent({ keepAlive: true, maxSockets: 8 })] as const;
  const idleAgents = [false, new Agent({ keepAlive: true, maxSockets: 8 })] as const;
  setInterval(() => {
    const at = Date.now();
    tell({ asking: { at, count: agents.length + idleAgents.length } });
    for (const agent of agents) void honest(at, port, agent, false).then((honest) => tell({ honest }));
    for (const agent of idleAgents) void honest(at, idlePort, agent, true).then((honest) => tell({ honest }));
  }, PACE_MS);
}

function honest(at: number, port: number, agent: Agent | false, idle: boolean): Promise<Honest> {
  const body = JSON.stringify(review(askingPod()));
  const began = performance.now();
  return new Promise((resolve) => {
    const done = (fault: string) =>
      resolve({ at, kept: agent !== false, idle, ms: performance.now() - began, fault });
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const request = httpsRequest(
      { host: '127.0.0.1', port, path: '/mutate', method: 'POST', agent, headers, rejectUnauthorized: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => done(idle ? '' : faultOf(response.statusCode!, text)));
      },
    );
    const patience = setTimeout(() => request.destroy(new Error('no answer')), GIVEN_UP_MS);
    request.on('error', (error) => done(error.message));
    request.on('close', () => clearTimeout(patience));
    request.end(body);
  });
}

function faultOf(status: number, text: string): string {
  if (status !== 200) return `${status} ${text.slice(0, 200)}`;
  const { response } = JSON.parse(text) as { response: { uid: string; allowed: boolean; patch?: string } };
  return response.uid === UID && response.allowed && response.patch !== undefined ? '' : text.slice(0, 200);
}

process.on('message', (message: ToBystander) => {
  if ('start' in message) void start(message.start);
  else ask(message.ask.port, message.ask.idlePort);
});
process.on('disconnect', () => process.exit(0));
