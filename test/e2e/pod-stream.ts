/** A steady stream of pods that ask for the sidecar, and a count of those that were refused or missed. */

import { setTimeout as delay } from 'node:timers/promises';
import { ApiProxy } from './api-proxy.ts';
import { INJECT, type idlePod } from './app.ts';

/** The pause between two pods: more than ten a second, also when the last one is late. */
const EVERY_MS = 80;
/** Kept in a test's message: the first ones say what went wrong. */
const TOLD = 3;

export interface Lost {
  created: number;
  /** The answers of the API server in place of a pod. */
  refused: string[];
  /** Names of the pods that were created without the sidecar. */
  missed: string[];
  perSecond: number;
}

type Pod = ReturnType<typeof idlePod>;

/**
 * The pods are whole and stored, and a gate keeps them from nodes: a node could not start ten a second, and what
 * is measured here is over when a pod is created.
 */
export class PodStream {
  readonly #pods: string;
  readonly #pod: Pod;
  readonly #pending = new Set<Promise<void>>();
  #counted = nothing();
  #lap = { sent: 0, at: 0 };
  #proxy: ApiProxy | undefined;
  #sent = 0;
  #ended = false;
  #began = 0;
  #sending: Promise<void> = Promise.resolve();

  /** Sends pods like this one, under names of their own. */
  constructor(pod: Pod) {
    this.#pod = pod;
    this.#pods = `/api/v1/namespaces/${pod.metadata.namespace}/pods`;
  }

  async start(): Promise<void> {
    this.#proxy = await ApiProxy.start();
    this.#began = performance.now();
    this.#lap.at = this.#began;
    this.#sending = this.#send();
  }

  /**
   * Returns what became of the pods that were sent since the start, or since the last lap. All of them are answered
   * when it resolves.
   */
  async lap(): Promise<Lost> {
    const [sent, now] = [this.#sent, performance.now()];
    await Promise.all(this.#pending);
    const { created, refused, missed } = this.#counted;
    const perSecond = ((sent - this.#lap.sent) * 1000) / (now - this.#lap.at);
    this.#counted = nothing();
    this.#lap = { sent, at: now };
    return { created, refused, missed, perSecond };
  }

  /** Ends the stream; returns what became of the pods since the last lap. */
  async end(): Promise<Lost> {
    this.#ended = true;
    await this.#sending;
    const last = await this.lap();
    await this.#proxy?.stop();
    return last;
  }

  /** Sends pods by the clock: a late answer delays no other pod, and a late timer is made up for. */
  async #send(): Promise<void> {
    while (!this.#ended) {
      const due = Math.floor((performance.now() - this.#began) / EVERY_MS) + 1;
      for (; this.#sent < due; this.#sent += 1) {
        const creation: Promise<void> = this.#create(`stream-${this.#sent}`).finally(() =>
          this.#pending.delete(creation),
        );
        this.#pending.add(creation);
      }
      await delay(EVERY_MS / 2);
    }
  }

  async #create(name: string): Promise<void> {
    try {
      const { status, text } = await this.#proxy!.request('POST', this.#pods, {
        ...this.#pod,
        metadata: { ...this.#pod.metadata, name, annotations: INJECT },
      });
      if (status !== 201) this.#counted.refused.push(text.slice(0, 300));
      else if (!isInjected(JSON.parse(text))) this.#counted.missed.push(name);
      else this.#counted.created += 1;
    } catch (error) {
      this.#counted.refused.push(String(error));
    }
  }
}

const nothing = (): Omit<Lost, 'perSecond'> => ({ created: 0, refused: [], missed: [] });

/** Returns the part of a loss that a failed assertion shows. */
export const told = ({ refused, missed }: Lost): object => ({
  refused: refused.length,
  missed: missed.length,
  first: [...refused.slice(0, TOLD), ...missed.slice(0, TOLD)],
});

function isInjected({
  metadata,
  spec,
}: {
  metadata: Pod['metadata'];
  spec: { initContainers?: { name: string }[] };
}) {
  const [first] = spec.initContainers ?? [];
  return first?.name === 'rollcall' && 'rollcall.dev/status' in metadata.annotations;
}
