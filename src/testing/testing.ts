/**
 * `rollcall/testing`: the admission webhook in the process of a test. The rules are those of `rollcall webhook`, and so
 * are the TLS server and the checks of what it is sent.
 */
import { start } from './start.ts';
import type { RunningWebhook, WebhookOptions } from './webhook.ts';

export type { Code, Reason, Warning, WarningCode } from '../inject/codes.ts';
export type { Operation } from '../inject/operations.ts';
export type { Container, Pod, PodSpec, Volume, VolumeMount } from '../inject/pod.ts';
export type { Admission } from './admission.ts';
export type { ApiObject, ApiObjects, Metadata } from './api/objects.ts';
export { type PodManifest, podsOf } from './manifests.ts';
export type { AdmitOptions, NamespaceOptions, RunningWebhook, WebhookOptions } from './webhook.ts';

/**
 * Starts the webhook on a free port of 127.0.0.1, with certificates of its own and an API double in place of a
 * cluster. Throws for options that no installation could have, with what to give instead.
 *
 *     await using webhook = await startWebhook({ namespaces: ['shop'] });
 *     const { decision, codes, pod } = await webhook.admit(manifest, { namespace: 'shop' });
 *     assert.equal(decision, 'injected');
 *     assert.equal(pod.spec.initContainers?.[0]?.name, 'rollcall');
 *
 * The pod is sent as it is given: no defaults of an API server are added to it. For those take a real API
 * server, by envtest or kind (docs/testing.md).
 */
export async function startWebhook(options: WebhookOptions = {}): Promise<RunningWebhook> {
  const { webhook } = await start(options);
  return webhook;
}
