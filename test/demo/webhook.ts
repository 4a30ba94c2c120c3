/**
 * The webhook as the API server sees it: found through its MutatingWebhookConfiguration, trusted through
 * the certificate published there.
 */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import jsonpatch from 'jsonpatch';
import type { KubernetesObject } from '../../src/testing/api/objects.ts';
import { eventually } from '../support/eventually.ts';
import type { Rollcall } from '../support/rollcall.ts';
import type { Stage } from './stage.ts';

export const CONFIGURATION_PATH =
  '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/rollcall';

/** The name that the API server verifies, and sends: SERVICE.NAMESPACE.svc. */
const SERVER_NAME = 'rollcall.rollcall-system.svc';

export interface Webhook {
  process: Rollcall;
  port: number;
  /** PEM, as published. */
  ca: string;
}

export function createConfiguration(stage: Stage): void {
  const service = { name: 'rollcall', namespace: 'rollcall-system', path: '/mutate', port: 443 };
  const entry = (name: string) => ({
    name,
    clientConfig: { service },
    admissionReviewVersions: ['v1'],
    sideEffects: 'NoneOnDryRun',
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
  });
  stage.api.create(CONFIGURATION_PATH, {
    metadata: { name: 'rollcall' },
    webhooks: [entry('pods.rollcall.dev'), entry('namespaces.rollcall.dev')],
  });
}

export function startWebhook(stage: Stage): Rollcall {
  const kubeconfig = join(stage.directory, 'kubeconfig.json');
  writeFileSync(kubeconfig, JSON.stringify(kubeconfigFor(stage.api.url)));
  return stage.start('webhook', {
    port: 0,
    kubeconfig,
    image: 'rollcall:0.1.0',
    namespace: 'rollcall-system',
  });
}

function kubeconfigFor(server: string) {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'demo',
    contexts: [{ name: 'demo', context: { cluster: 'demo', user: 'demo' } }],
    // The client talks plain HTTP only where it was told not to verify.
    clusters: [{ name: 'demo', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'demo', user: { token: 'demo' } }],
  };
}

/** The bundle that every entry of the configuration carries, as PEM, once each has one. */
export function publishedAuthorities(stage: Stage): Promise<string[]> {
  return eventually(
    'bundle in every entry of the configuration',
    () => {
      const configuration = stage.api.get(CONFIGURATION_PATH);
      const entries = configuration?.webhooks as { clientConfig: { caBundle?: string } }[];
      const bundles = entries.map(({ clientConfig }) => clientConfig.caBundle ?? '');
      return bundles.every(Boolean) && bundles.map((bundle) => Buffer.from(bundle, 'base64').toString());
    },
    { timeoutMs: 10_000 },
  );
}

export interface Answer {
  uid: string;
  allowed: boolean;
  status?: { code?: number; reason?: string; message?: string };
  warnings?: string[];
  patchType?: string;
  patch?: string;
}

export interface Review {
  answer: Answer;
  /** True when the answer belongs to the question and has the right kind. */
  matching: boolean;
  operations: unknown[];
  /** The pod after the patch. */
  pod: KubernetesObject;
  milliseconds: number;
}

/** Asks the webhook about the creation of the pod, over TLS that is verified as the API server verifies it. */
export async function review(webhook: Webhook, pod: KubernetesObject): Promise<Review> {
  const question = admissionReview(pod);
  const began = performance.now();
  const answered = await post(webhook, question);
  const { apiVersion, kind, response } = answered as typeof question & { response: Answer };
  const operations = response.patch ? JSON.parse(Buffer.from(response.patch, 'base64').toString()) : [];
  return {
    answer: response,
    matching:
      apiVersion === question.apiVersion && kind === question.kind && response.uid === question.request.uid,
    operations,
    pod: jsonpatch.apply_patch(structuredClone(pod), operations),
    milliseconds: performance.now() - began,
  };
}

function admissionReview(pod: KubernetesObject) {
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  const resource = { group: '', version: 'v1', resource: 'pods' };
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: randomUUID(),
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      name: pod.metadata?.name,
      namespace: pod.metadata?.namespace,
      operation: 'CREATE',
      userInfo: {
        username: 'system:serviceaccount:kube-system:statefulset-controller',
        groups: ['system:serviceaccounts', 'system:authenticated'],
      },
      object: pod,
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  };
}

function post(webhook: Webhook, body: unknown): Promise<unknown> {
  return call(webhook, 'POST', '/mutate?timeout=10s', JSON.stringify(body)).then((text) => JSON.parse(text));
}

/** The body of the answer; rejects on any status but 200, and when the certificate does not verify. */
export function call(webhook: Webhook, method: string, path: string, body?: string): Promise<string> {
  const { port, ca } = webhook;
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  const target = { host: '127.0.0.1', port, servername: SERVER_NAME, ca, agent: false as const };
  return new Promise((resolve, reject) => {
    const request = httpsRequest({ ...target, method, path, headers, timeout: 10_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', reject).on('end', () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${method} ${path} answered ${response.statusCode}: ${text}`));
      });
    });
    request.on('timeout', () => request.destroy(new Error(`${method} ${path}: no answer in 10 s`)));
    request.on('error', reject);
    request.end(body);
  });
}
