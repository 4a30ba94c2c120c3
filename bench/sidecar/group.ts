/** The slices of a group, and what happens to them: each step is one write of a slice, as a line of a watch. */
import { endpointSlice, podEndpoint } from '../../test/support/endpoint-slices.ts';
import type { LoadKind } from './result.ts';

type Slice = ReturnType<typeof endpointSlice>;

const SLICE = 100;
/**
 * Members that one write replaces while all are restarted: the endpoint slice controller takes what is due together.
 */
const ROLLED = 10;

export class BenchGroup {
  readonly #members: number;
  /** Which pod is in each place, and whether it is ready. */
  readonly #lives: number[];
  readonly #ready: boolean[];
  #version = 1000;

  constructor(members: number) {
    this.#members = members;
    this.#lives = Array.from({ length: members }, () => 0);
    this.#ready = Array.from({ length: members }, () => true);
  }

  get version(): string {
    return String(this.#version);
  }

  slices(): Slice[] {
    return Array.from({ length: this.#sliceCount() }, (_, index) => this.#slice(index));
  }

  setReady(member: number, ready: boolean): string {
    this.#ready[member] = ready;
    return this.#written('MODIFIED', this.#slice(Math.floor(member / SLICE)));
  }

  /** Step number `step` of what a load is made of. */
  step(kind: LoadKind, step: number): string {
    const member = (step * SLICE) % this.#members;
    switch (kind) {
      case 'flips':
        return this.setReady(member, !this.#ready[member]);
      case 'replacements':
        this.#lives[member]! += 1;
        return this.#written('MODIFIED', this.#slice(Math.floor(member / SLICE)));
      case 'rolling': {
        const first = (step * ROLLED) % this.#members;
        for (let place = first; place < Math.min(first + ROLLED, this.#members); place += 1)
          this.#lives[place]! += 1;
        return this.#written('MODIFIED', this.#slice(Math.floor(first / SLICE)));
      }
      case 'join':
        return this.#written('ADDED', this.#slice(step % this.#sliceCount(), this.#sliceCount() + step));
    }
  }

  /** Returns the write that takes step number `step` of a mass join back. */
  leave(step: number): string {
    return this.#written('DELETED', this.#slice(step % this.#sliceCount(), this.#sliceCount() + step));
  }

  #sliceCount(): number {
    return Math.ceil(this.#members / SLICE);
  }

  #written(type: string, slice: Slice): string {
    this.#version += 1;
    const metadata = { ...slice.metadata, resourceVersion: this.version };
    return `${JSON.stringify({ type, object: { ...slice, metadata } })}\n`;
  }

  /** The slice at `index`, or other pods in a slice like it, at the place `at`. */
  #slice(index: number, at = index): Slice {
    const first = index * SLICE;
    return endpointSlice({
      namespace: 'bench',
      service: 'db',
      name: `db-${at}`,
      endpoints: Array.from({ length: Math.min(SLICE, this.#members - first) }, (_, offset) => {
        const place = first + offset;
        const number = at * SLICE + offset;
        const uid = String(number).padStart(12, '0');
        return podEndpoint({
          name: `db-${number}`,
          uid: `0b9c1f5e-7d52-4f0c-${String(9000 + (this.#lives[place]! % 1000))}-${uid}`,
          ip: `10.${at >> 8}.${at & 255}.${offset}`,
          node: `ip-10-0-0-${offset}.eu-central-1.compute.internal`,
          zone: 'eu-central-1a',
          ready: this.#ready[place]!,
        });
      }),
      ports: [{ name: 'sql', port: 5432 }],
    });
  }
}
