/** The admissions enforcer of AKS, which adds its terms to webhook configurations that lack them, again and again. */

import { setTimeout as delay } from 'node:timers/promises';
import type { ControlPlane } from '../support/control-plane.ts';

export const AKS_TERMS = [
  { key: 'control-plane', operator: 'NotIn', values: ['true'] },
  { key: 'kubernetes.azure.com/managedby', operator: 'NotIn', values: ['aks'] },
];

interface Entry {
  namespaceSelector?: { matchExpressions?: { key: string }[] };
}

export class AksEnforcer {
  /** The number of times that it has changed the configuration. */
  writes = 0;
  /** The number of times that it has looked. */
  looks = 0;
  readonly #plane: ControlPlane;
  readonly #path: string;
  #stopped = false;
  #running: Promise<void>;

  constructor(plane: ControlPlane, path: string, everyMs: number) {
    this.#plane = plane;
    this.#path = path;
    this.#running = this.#run(everyMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(everyMs: number): Promise<void> {
    while (!this.#stopped) {
      await this.#look();
      this.looks += 1;
      await delay(everyMs);
    }
  }

  async #look(): Promise<void> {
    const { status, body } = await this.#plane.request('GET', this.#path);
    if (status !== 200) return;
    let lacking = 0;
    for (const entry of body.webhooks as Entry[]) {
      const terms = entry.namespaceSelector?.matchExpressions ?? [];
      const missing = AKS_TERMS.filter(({ key }) => !terms.some((term) => term.key === key));
      lacking += missing.length;
      entry.namespaceSelector = { ...entry.namespaceSelector, matchExpressions: [...terms, ...missing] };
    }
    if (lacking === 0) return;
    // A conflict tells it that something has changed meanwhile, and it looks again.
    const reply = await this.#plane.request('PUT', this.#path, body);
    if (reply.status === 200) this.writes += 1;
  }
}
