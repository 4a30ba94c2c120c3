import type { V1MutatingWebhookConfiguration } from '@kubernetes/client-node';
import type { Api } from '../api/api.ts';
import { webhookConfigurationPath } from '../api/paths.ts';
import { certificatesIn } from './pem.ts';

/** The bundles of all entries of one MutatingWebhookConfiguration, which are what API servers trust. */
export interface Bundles {
  /** Returns the certificates that any entry trusts. */
  read(): Promise<string[]>;
  /**
   * Makes every entry trust these and no others. It resolves with true when it had to write. An entry that
   * trusts them already is left alone, however its bundle is ordered and spelled, and nothing but bundles is
   * ever written, so that replicas and GitOps tools have nothing to fight over.
   */
  publish(trusted: readonly string[]): Promise<boolean>;
}

/** The annotations by which cert-manager's cainjector is told to write a bundle. */
const INJECTED = /^cert-manager\.io\/inject-/;

/**
 * Returns the bundles that replicas write. `overwritten` is called where somebody has changed what this replica left at
 * its last look, such as a GitOps tool, which would do it again and again.
 */
export function bundles(api: Api, name: string, overwritten: () => void = () => {}): Bundles {
  const path = webhookConfigurationPath(name);
  let left = '';
  return {
    async read() {
      const { entries } = await configured(api, path);
      return [...new Set(entries.flatMap(({ found }) => found))];
    },

    async publish(trusted) {
      const { entries, annotations } = await configured(api, path);
      const others = entries.filter(({ found }) => !sameAs(found, trusted));
      const wanted = trusted.toSorted().join('');
      if (others.length === 0) {
        left = wanted;
        return false;
      }
      const injected = Object.keys(annotations).find((key) => INJECTED.test(key));
      // The webhook and cert-manager would overwrite each other's bundle for ever.
      if (injected !== undefined) {
        throw new Error(
          `the configuration has the annotation ${injected}, so cert-manager writes its bundles; ` +
            'remove it, or start with --certificates cert-manager',
        );
      }
      const caBundle = Buffer.from(trusted.join('')).toString('base64');
      const body = { webhooks: others.map((entry) => ({ name: entry.name, clientConfig: { caBundle } })) };
      await api.patch(path, body, 'application/strategic-merge-patch+json');
      if (left === wanted) overwritten();
      left = wanted;
      return true;
    },
  };
}

/**
 * Returns the bundles that somebody else writes, such as cert-manager's cainjector. What is read is what every
 * entry trusts, since any of them may be called by, and nothing is ever published.
 */
export function watchedBundles(api: Api, name: string): Bundles {
  const path = webhookConfigurationPath(name);
  return {
    async read() {
      const [first, ...rest] = (await configured(api, path)).entries;
      return first?.found.filter((cert) => rest.every(({ found }) => found.includes(cert))) ?? [];
    },
    publish: async () => false,
  };
}

async function configured(api: Api, path: string) {
  const { webhooks = [], metadata } = await api.get<V1MutatingWebhookConfiguration>(path);
  const entries = webhooks.map((entry) => ({
    name: entry.name,
    found: decoded(entry.clientConfig.caBundle),
  }));
  return { entries, annotations: metadata?.annotations ?? {} };
}

function decoded(caBundle: string | undefined): string[] {
  return certificatesIn(Buffer.from(caBundle ?? '', 'base64').toString());
}

function sameAs(found: readonly string[], trusted: readonly string[]): boolean {
  return found.length === trusted.length && trusted.every((cert) => found.includes(cert));
}
