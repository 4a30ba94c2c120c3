import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import type { KubernetesClient } from '../kubernetes-client.ts';

/**
 * Makes every entry of the MutatingWebhookConfiguration trust `ca`. Nothing is written when all do,
 * and nothing but the bundles ever is, so that replicas and GitOps tools have nothing to fight over.
 */
export async function publish(client: KubernetesClient, name: string, ca: string): Promise<boolean> {
  const caBundle = Buffer.from(ca).toString('base64');
  const { webhooks = [] } = await client.admission.readMutatingWebhookConfiguration({ name });
  const others = webhooks.filter(({ clientConfig }) => clientConfig.caBundle !== caBundle);
  if (others.length === 0) return false;
  await client.admission.patchMutatingWebhookConfiguration(
    { name, body: { webhooks: others.map((entry) => ({ name: entry.name, clientConfig: { caBundle } })) } },
    setHeaderOptions('content-type', PatchStrategy.StrategicMergePatch),
  );
  return true;
}
