/**
 * What a real API had, state by state, and the simulation's rules of membership applied to the
 * streams of a real sidecar: every revision is a state that the API was in, in order, nobody leaves
 * without one that lacks him, and all readers are told the same.
 */

import type { Member } from '../../src/watcher/protocol.ts';
import { ApiMembership } from '../simulation/api-membership.ts';
import { SimulatedClock } from '../simulation/clock.ts';
import { Contact } from '../simulation/contact.ts';
import { canonical, Expectations, type Viewpoint } from '../simulation/expectation.ts';
import { History, type Slice } from '../simulation/history.ts';
import { type Entry, Ledger } from '../simulation/ledger.ts';
import { Random } from '../simulation/random.ts';
import type { StreamReader } from './stream.ts';

/** Members are objects that last as long as they are held: each is written out once. */
const texts = new WeakMap<Member, string>();

export class Truth {
  readonly violations: string[] = [];
  /** The longest that a state had been the API's before anybody was told, in milliseconds. */
  slowest = 0;
  readonly #history = new History();
  readonly #expectations: Expectations;
  readonly #ledgers = new Map<string, Ledger>();
  readonly #slices = new Map<string, Slice>();

  constructor(viewpoint: Viewpoint) {
    this.#expectations = new Expectations(viewpoint);
    this.#history.record(0, new Map());
  }

  /**
   * Notes that the API may have this slice from now on. Writes are told one after the other, each before it is made.
   */
  slice(name: string, object: object): void {
    const { endpoints, ports, metadata, ...rest } = object as Partial<Slice>;
    // The controller leaves out what is empty; what was not made yet has no age.
    const { creationTimestamp = '' } = metadata ?? {};
    const made = { ...rest, metadata: { name, creationTimestamp } };
    this.#slices.set(name, { ...made, endpoints: endpoints ?? [], ports: ports ?? [] });
    this.#record();
  }

  gone(name: string): void {
    this.#slices.delete(name);
    this.#record();
  }

  /** Returns the uids that the API has now, in order. */
  uids(): string[] {
    return [...this.#expectations.of(this.#history.states.at(-1)!).keys()].sort();
  }

  /** Judges the last line that the reader has taken, at once: what the API will have is no excuse. */
  judge(reader: StreamReader): void {
    const line = reader.lines.at(-1);
    if (line === undefined || !(line.type === 'snapshot' || line.type === 'delta')) return;
    const members = new Map([...reader.members].map(([uid, member]) => [uid, text(member)]));
    this.#ledger(reader).held(line.revision, members, performance.now());
  }

  #record(): void {
    this.#history.record(performance.now(), new Map(this.#slices));
  }

  /** A sidecar that was started again counts its revisions anew. */
  #ledger(reader: StreamReader): Ledger {
    const epoch = reader.hello?.epoch ?? '';
    const known = this.#ledgers.get(epoch);
    if (known !== undefined) return known;
    const report = (rule: string, message: string) => this.violations.push(`${rule}: ${message}`);
    // Nothing of the contact is asked as long as no etcd is restored.
    const contact = new Contact(new SimulatedClock(new Random(0)));
    const membership = new ApiMembership(this.#history, this.#expectations, contact, report);
    const stopwatch = this.#stopwatch();
    const judge = (entry: Entry, previous: Entry | undefined) => {
      membership.judge(entry, previous);
      stopwatch(entry, previous);
    };
    const ledger = new Ledger(judge, report);
    this.#ledgers.set(epoch, ledger);
    return ledger;
  }

  #stopwatch(): (entry: Entry, previous: Entry | undefined) => void {
    const { states } = this.#history;
    let told = 0;
    return ({ members, at }, previous) => {
      const found = states.findIndex(
        (state, index) => index >= told && this.#expectations.matches(members, state),
      );
      if (found === -1) return;
      told = found;
      // The first one waits for whoever comes to read it.
      if (previous !== undefined) this.slowest = Math.max(this.slowest, at - states[found]!.at);
    };
  }
}

function text(member: Member): string {
  const known = texts.get(member);
  if (known !== undefined) return known;
  const made = canonical(member);
  texts.set(member, made);
  return made;
}
