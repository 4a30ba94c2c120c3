/** Which webhook the API server calls: one configuration at a time, alike but for the address. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ControlPlane } from '../../test/support/control-plane.ts';

export interface Configuration {
  metadata: { name: string };
  webhooks: { name: string; clientConfig: { url?: string; caBundle?: string } }[];
}

export interface Place {
  /** The configuration of Rollcall as it is installed, with the CA that it has published. */
  template: Configuration;
  url: string;
  /** The bundle, where it is not the published one. */
  caBundle?: string;
}

/** The API server follows configurations by a watch, and has taken up a change within this. */
const TAKEN_UP_MS = 2000;
const COLLECTION = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';

export class Configurations {
  readonly #plane: ControlPlane;
  readonly #places: Record<'ours' | 'go', Place>;

  constructor(plane: ControlPlane, places: Record<'ours' | 'go', Place>) {
    this.#plane = plane;
    this.#places = places;
  }

  static path(name: string): string {
    return `${COLLECTION}/${name}`;
  }

  async use(mode: 'none' | 'ours' | 'go'): Promise<void> {
    await this.#plane.request('DELETE', Configurations.path('rollcall'));
    await this.#plane.request('DELETE', Configurations.path('go'));
    if (mode !== 'none') await this.#plane.must('POST', COLLECTION, this.#configuration(mode));
    await delay(TAKEN_UP_MS);
  }

  #configuration(mode: 'ours' | 'go'): object {
    const { template, url, caBundle } = this.#places[mode];
    return {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      // Ours publishes its CA under its own name only.
      metadata: { name: mode === 'ours' ? 'rollcall' : 'go' },
      webhooks: template.webhooks.map((webhook) => ({
        ...webhook,
        clientConfig: { url, caBundle: caBundle ?? webhook.clientConfig.caBundle },
      })),
    };
  }
}
