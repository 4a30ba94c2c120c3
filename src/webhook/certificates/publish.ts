import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import type { KubernetesClient } from '../kubernetes-client.ts';
import { certificatesIn } from './pem.ts';

/** Makes API servers trust these certificates; true when anything had to be written for that. */
export type Publish = (trusted: readonly string[]) => Promise<boolean>;

/**
 * Makes every entry of the MutatingWebhookConfiguration trust them and no others. An entry that does is
 * left alone, however its bundle is ordered and spelled, and nothing but bundles is ever written, so that
 * replicas and GitOps tools have nothing to fight over.
 */
export function publisher({ admission }: KubernetesClient, name: string): Publish {
  return async (trusted) => {
    const { webhooks = [] } = await admission.readMutatingWebhookConfiguration({ name });
    const others = webhooks.filter(({ clientConfig }) => !holds(clientConfig.caBundle, trusted));
    if (others.length === 0) return false;
    const caBundle = Buffer.from(trusted.join('')).toString('base64');
    await admission.patchMutatingWebhookConfiguration(
      { name, body: { webhooks: others.map((entry) => ({ name: entry.name, clientConfig: { caBundle } })) } },
      setHeaderOptions('content-type', PatchStrategy.StrategicMergePatch),
    );
    return true;
  };
}

function holds(caBundle: string | undefined, trusted: readonly string[]): boolean {
  const found = certificatesIn(Buffer.from(caBundle ?? '', 'base64').toString());
  return found.length === trusted.length && trusted.every((cert) => found.includes(cert));
}
