import type { Request, Response } from '../../src/watcher/kubernetes/transport.ts';
import { ArrivingBody } from '../support/bodies.ts';
import type { SimulatedClock } from './clock.ts';
import type { Random } from './random.ts';

export interface Network {
  /** Milliseconds from one end to the other; what was sent later never overtakes. */
  latency: number;
  /** The connection breaks after this many bytes of its body, wherever that is. */
  cutAfter?: number;
  /** It does not break then: nothing comes any more, and nobody says so. */
  stallAtCut?: boolean;
}

/** The listener for what arrives on the client's side of the connection. */
export interface Arrivals {
  head(status: number): void;
  bytes(): void;
  /** The answer is over: a clean end, or an error. */
  over(clean: boolean): void;
  /** The client gave it up before that. */
  closed(): void;
  stalled(now: boolean): void;
}

interface Parcel {
  bytes?: Uint8Array;
  head?: { status: number; headers: Record<string, string> };
  end?: 'clean' | Error;
  /** Runs when all of it has arrived. */
  arrived?: (() => void) | undefined;
}

/** Between two chunks of what was sent together. */
const REST_MS = 0.2;

/** One request as TCP would carry it: in order, cut into chunks anywhere, late, or not at all. */
export class Connection implements Request {
  readonly response: Promise<Response>;
  /** Nothing more is carried to the client. */
  dead = false;
  closedByClient = false;
  #clock: SimulatedClock;
  #random: Random;
  #network: Network;
  #arrivals: Arrivals;
  #outbox: Parcel[] = [];
  #moving = false;
  #stalled = false;
  #carried = 0;
  #headed = false;
  #body = new ArrivingBody();
  #resolve!: (response: Response) => void;
  #reject!: (error: Error) => void;

  constructor(clock: SimulatedClock, random: Random, network: Network, arrivals: Arrivals) {
    this.#clock = clock;
    this.#random = random;
    this.#network = network;
    this.#arrivals = arrivals;
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.response.catch(() => {});
  }

  head(status: number, headers: Record<string, string> = {}, arrived?: () => void): void {
    this.#send({ head: { status, headers }, arrived });
  }

  send(data: string | Uint8Array, arrived?: () => void): void {
    this.#send({ bytes: typeof data === 'string' ? Buffer.from(data) : data, arrived });
  }

  end(arrived?: () => void): void {
    this.#send({ end: 'clean', arrived });
  }

  /** Nobody listens, or the name of the server is not known. */
  refuse(code: string): void {
    this.#send({ end: Object.assign(new Error(`connect ${code}`), { code }) });
  }

  /** The connection breaks now; what was on its way is lost. */
  cut(clean = false): void {
    if (this.dead) return;
    this.#outbox = [];
    this.#deliver({ end: clean && this.#headed ? 'clean' : reset() });
  }

  /** Half-open: nothing comes and nobody says so, until `resume` if that ever comes. */
  stall(): void {
    this.#stalled = true;
    this.#arrivals.stalled(true);
  }

  resume(): void {
    if (!this.#stalled) return;
    this.#stalled = false;
    this.#arrivals.stalled(false);
    this.#move();
  }

  close(): void {
    if (this.closedByClient) return;
    this.closedByClient = true;
    if (!this.dead) this.#arrivals.closed();
    this.dead = true;
    this.#outbox = [];
    this.#body.arrive(reset());
  }

  #send(parcel: Parcel): void {
    if (this.dead) return;
    this.#outbox.push(parcel);
    this.#move();
  }

  #move(latency = this.#network.latency): void {
    if (this.#moving || this.#stalled || this.dead || this.#outbox.length === 0) return;
    this.#moving = true;
    this.#clock.setTimeout(() => {
      this.#moving = false;
      this.#carry();
      this.#move(REST_MS);
    }, latency);
  }

  /** All that is on its way arrives, in chunks; the rest of a chunk comes a little later. */
  #carry(): void {
    while (!this.#stalled && !this.dead) {
      const parcel = this.#outbox.shift();
      if (parcel === undefined) return;
      const rest = parcel.bytes === undefined ? undefined : this.#split(parcel);
      this.#deliver(parcel);
      if (rest !== undefined) {
        this.#outbox.unshift(rest);
        return;
      }
    }
  }

  /** Shortens the parcel to what arrives as one chunk; returns the rest. */
  #split(parcel: Parcel): Parcel | undefined {
    const bytes = parcel.bytes!;
    const left = (this.#network.cutAfter ?? Number.POSITIVE_INFINITY) - this.#carried;
    const whole = bytes.length <= 1 || !this.#random.chance(0.3);
    const size = Math.min(left, whole ? bytes.length : splitPoint(bytes, this.#random));
    if (size >= bytes.length) return undefined;
    parcel.bytes = bytes.subarray(0, size);
    const { arrived } = parcel;
    delete parcel.arrived;
    return { bytes: bytes.subarray(size), arrived };
  }

  #deliver(parcel: Parcel): void {
    if (parcel.head !== undefined) {
      const { status, headers } = parcel.head;
      this.#headed = true;
      this.#arrivals.head(status);
      this.#resolve({ status, headers, body: this.#body });
    } else if (parcel.bytes !== undefined && parcel.bytes.length > 0) {
      this.#carried += parcel.bytes.length;
      this.#arrivals.bytes();
    }
    // The client handles bytes where they arrive: by then it is on record that they have.
    parcel.arrived?.();
    if (parcel.bytes !== undefined && parcel.bytes.length > 0) this.#body.arrive(parcel.bytes);
    if (parcel.end !== undefined) this.#over(parcel.end);
    else if (this.#carried >= (this.#network.cutAfter ?? Number.POSITIVE_INFINITY)) this.#atCut();
  }

  #atCut(): void {
    if (this.#network.stallAtCut) this.stall();
    else this.#over(reset());
  }

  #over(end: 'clean' | Error): void {
    this.dead = true;
    this.#outbox = [];
    this.#arrivals.over(end === 'clean');
    if (end !== 'clean') this.#reject(end);
    this.#body.arrive(end === 'clean' ? 'end' : end);
  }
}

const reset = () => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });

/** Somewhere within; one time in two inside a character of several bytes, if there is one. */
function splitPoint(bytes: Uint8Array, random: Random): number {
  const place = random.integer(1, bytes.length - 1);
  if (random.chance(0.5)) return place;
  for (let index = place; index < Math.min(bytes.length, place + 4096); index += 1) {
    if ((bytes[index]! & 0xc0) === 0x80) return index;
  }
  return place;
}
