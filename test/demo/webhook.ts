/**
 * The webhook as the API server sees it: found through its MutatingWebhookConfiguration, trusted through
 * the certificate published there.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Operation } from '../../src/inject/operations.ts';
import { admissionReview } from '../../src/testing/admission-review.ts';
import type { ApiObject } from '../../src/testing/api/objects.ts';
import { ask, operationsOf, patched, type WebhookAddress } from '../../src/testing/ask.ts';
import type { AdmissionResponse } from '../../src/webhook/review.ts';
import { eventually } from '../support/eventually.ts';
import type { Rollcall } from '../support/rollcall.ts';
import type { Stage } from './stage.ts';

const CONFIGURATION_PATH = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/rollcall';

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
    image: 'rollcall:0.2.0',
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

export interface Review {
  answer: AdmissionResponse;
  operations: Operation[];
  /** The pod after the patch. */
  pod: ApiObject;
  milliseconds: number;
}

/** Asks the webhook about the creation of the pod, over TLS that is verified as the API server verifies it. */
export async function review(webhook: Webhook, pod: ApiObject): Promise<Review> {
  const question = admissionReview(pod, { namespace: pod.metadata?.namespace ?? 'default' });
  const began = performance.now();
  const answer = await ask(targetOf(webhook), question);
  const operations = operationsOf(answer);
  return { answer, operations, pod: patched(pod, operations), milliseconds: performance.now() - began };
}

export function targetOf({ port, ca }: Webhook): WebhookAddress {
  return { port, ca, serverName: SERVER_NAME };
}
