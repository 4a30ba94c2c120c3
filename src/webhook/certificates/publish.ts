import type { V1MutatingWebhookConfiguration } from '@kubernetes/client-node';
import type { Api } from '../api/api.ts';
import { webhookConfigurationPath } from '../api/paths.ts';
import { certificatesIn } from './pem.ts';

/** What API servers trust: the bundles of all entries of one MutatingWebhookConfiguration. */
export interface Bundles {
  /** The certificates that any entry trusts. */
  read(): Promise<string[]>;
  /**
   * Makes every entry trust these and no others; true when anything had to be written for that. An entry
   * that does already is left alone, however its bundle is ordered and spelled, and nothing but bundles is
   * ever written, so that replicas and GitOps tools have nothing to fight over.
   */
  publish(trusted: readonly string[]): Promise<boolean>;
}

export function bundles(api: Api, name: string): Bundles {
  const path = webhookConfigurationPath(name);
  const entries = async () => {
    const { webhooks = [] } = await api.get<V1MutatingWebhookConfiguration>(path);
    return webhooks.map((entry) => ({ name: entry.name, found: decoded(entry.clientConfig.caBundle) }));
  };
  return {
    async read() {
      return [...new Set((await entries()).flatMap(({ found }) => found))];
    },

    async publish(trusted) {
      const others = (await entries()).filter(({ found }) => !sameAs(found, trusted));
      if (others.length === 0) return false;
      const caBundle = Buffer.from(trusted.join('')).toString('base64');
      const body = { webhooks: others.map((entry) => ({ name: entry.name, clientConfig: { caBundle } })) };
      await api.patch(path, body, 'application/strategic-merge-patch+json');
      return true;
    },
  };
}

function decoded(caBundle: string | undefined): string[] {
  return certificatesIn(Buffer.from(caBundle ?? '', 'base64').toString());
}

function sameAs(found: readonly string[], trusted: readonly string[]): boolean {
  return found.length === trusted.length && trusted.every((cert) => found.includes(cert));
}
