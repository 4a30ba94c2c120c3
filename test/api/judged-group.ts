/** A group whose every state is kept, and readers whose every line is judged by it. */

import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import type { ControlPlane } from '../support/control-plane.ts';
import { endpointSlice, type PodEndpoint, podEndpoint, slicePath } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import type { Ending, Sidecar } from '../support/rollcall.ts';
import { SocketReader } from '../support/stream.ts';
import { Truth } from '../support/truth.ts';
import { member, SERVICE, WatchedGroup } from './watched-group.ts';

const SLICES = 10;
/** The number of endpoints that the endpoint slice controller puts into one slice. */
const SLICE_SIZE = 100;
/** Endpoints that one write replaces: a roll-out goes in steps. */
const STEP = 5;
export const LARGE = SLICES * SLICE_SIZE;

/** Its writes must come one after the other, so that the order of its states is known. */
export class JudgedGroup extends WatchedGroup {
  readonly truth: Truth;
  readonly #plane: ControlPlane;

  constructor(plane: ControlPlane, namespace: string) {
    super(plane, namespace);
    this.#plane = plane;
    this.truth = new Truth({ group: { namespace, service: SERVICE } });
  }

  override async slice(name: string, pods: PodEndpoint[]): Promise<void> {
    const { namespace } = this;
    const endpoints = pods.map((pod) => podEndpoint(pod));
    this.truth.slice(name, endpointSlice({ namespace, service: SERVICE, name, endpoints }));
    await super.slice(name, pods);
  }

  override async dropSlice(name: string): Promise<void> {
    this.truth.gone(name);
    await super.dropSlice(name);
  }

  /** The uids that the API server itself lists. */
  async listed(): Promise<string[]> {
    const { items } = await this.#plane.must('GET', slicePath(this.namespace));
    return items
      .flatMap((slice: { endpoints: { targetRef: { uid: string } }[] }) => slice.endpoints)
      .map((endpoint: { targetRef: { uid: string } }) => endpoint.targetRef.uid)
      .sort();
  }

  /** 1,000 endpoints in ten slices. */
  async fill(): Promise<void> {
    for (let index = 0; index < SLICES; index++) await this.slice(sliceName(index), lives(index, 0));
  }

  /** Every pod is replaced by its next life, a few of one slice at a time. */
  async roll(): Promise<void> {
    for (let replaced = STEP; replaced <= SLICE_SIZE; replaced += STEP) {
      for (let index = 0; index < SLICES; index++) await this.slice(sliceName(index), lives(index, replaced));
    }
  }

  /** A reader that has the snapshot. */
  async read(ending: Ending, { socket }: Pick<Sidecar, 'socket'>): Promise<JudgedReader> {
    const reader = await eventually(`connection to ${socket}`, async () => {
      const connection = connectSocket(socket);
      await once(connection, 'connect');
      return new JudgedReader(connection, this.truth);
    });
    ending.after(async () => reader.close());
    await reader.until('snapshot', ({ revision }) => revision !== undefined);
    return reader;
  }
}

const sliceName = (index: number) => `app-${index}`;

/** The pods of one slice, of which the first `replaced` are in their second life. */
function lives(slice: number, replaced: number): PodEndpoint[] {
  return Array.from({ length: SLICE_SIZE }, (_, position) =>
    member(slice * SLICE_SIZE + position, position < replaced ? 2 : 1),
  );
}

class JudgedReader extends SocketReader {
  readonly #truth: Truth;

  constructor(socket: ConstructorParameters<typeof SocketReader>[0], truth: Truth) {
    super(socket);
    this.#truth = truth;
  }

  override accept(text: string): void {
    const before = this.lines.length;
    super.accept(text);
    if (this.lines.length > before) this.#truth.judge(this);
  }

  /** Waits until it holds exactly whom the API has now. */
  async current(timeoutMs?: number): Promise<void> {
    const wanted = this.#truth.uids().join();
    await this.until('the truth', ({ members }) => [...members.keys()].sort().join() === wanted, timeoutMs);
  }

  /** Broken promises of the protocol, and what was not the truth. */
  faults(): string[] {
    return [...this.violations, ...this.#truth.violations];
  }
}
