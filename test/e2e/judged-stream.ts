/** What the cluster's API had while a test ran, and whether an application was told that and no more. */

import type { Hello } from '../../src/watcher/protocol.ts';
import { BackgroundProcess } from '../support/background-process.ts';
import { slicePath } from '../support/endpoint-slices.ts';
import { StreamReader } from '../support/stream.ts';
import { Truth } from '../support/truth.ts';
import { SERVICE, streamOf } from './app.ts';

interface Event {
  type: string;
  object: { metadata: { name: string } };
}

/** A watch beside the sidecars', which remembers every state of the group's slices. */
export class Recording {
  readonly #namespace: string;
  readonly #watch: BackgroundProcess;

  constructor(namespace: string) {
    this.#namespace = namespace;
    const selector = encodeURIComponent(`kubernetes.io/service-name=${SERVICE}`);
    const query = `watch=1&timeoutSeconds=600&labelSelector=${selector}`;
    const path = `${slicePath(namespace)}?${query}`;
    this.#watch = new BackgroundProcess('recording', 'kubectl', ['get', '--raw', path]);
  }

  /** Judges what `pod` was told; returns the faults, with the uids that the API has. */
  async judge(pod: string): Promise<{ reader: StreamReader; uids: string[]; faults: string[] }> {
    const told = await streamOf(this.#namespace, pod);
    if (this.#watch.exited) throw new Error(`the recording ended: ${this.#watch.tail()}`);
    const truth = this.#truth(told.hello?.self);
    const reader = new StreamReader();
    for (const line of told.lines) {
      reader.accept(JSON.stringify(line));
      truth.judge(reader);
    }
    return { reader, uids: truth.uids(), faults: [...told.violations, ...truth.violations] };
  }

  async end(): Promise<void> {
    await this.#watch.kill();
  }

  #truth(self: Hello['self']): Truth {
    const truth = new Truth({ group: { namespace: this.#namespace, service: SERVICE }, self });
    for (const line of this.#watch.output) {
      const { type, object } = JSON.parse(line) as Event;
      if (type === 'DELETED') truth.gone(object.metadata.name);
      else if (type === 'ADDED' || type === 'MODIFIED') truth.slice(object.metadata.name, object);
      else throw new Error(`the recording was told ${line}`);
    }
    return truth;
  }
}
