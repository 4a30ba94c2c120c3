import type { Endpoint, SlicePort } from '../support/endpoint-slices.ts';

/** The part of an EndpointSlice that membership needs, in the API's own shape. */
export interface Slice {
  metadata: { name: string; creationTimestamp: string };
  addressType?: string;
  endpoints: Endpoint[];
  ports: SlicePort[];
}

/** The slices of the group from `at` on, until the next state. */
export interface State {
  at: number;
  slices: ReadonlyMap<string, Slice>;
  /** The version by which the API calls it; none of a state that is older than all that it tells. */
  version?: string;
}

/** The states of the API with their times, in the order of the wall clock: an etcd restore is one more state. */
export class History {
  readonly states: State[] = [];
  /** When etcd was restored from a backup, if it was. */
  rewoundAt: number | undefined;

  record(at: number, slices: ReadonlyMap<string, Slice>, version?: string): void {
    this.states.push({ at, slices, ...(version === undefined ? {} : { version }) });
  }

  get last(): number {
    return this.states.length - 1;
  }

  /** The state that was the current one at `time`. */
  indexAt(time: number): number {
    let index = this.last;
    while (index > 0 && this.states[index]!.at > time) index -= 1;
    return index;
  }
}
