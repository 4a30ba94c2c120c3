import type { SimulatedClock } from './clock.ts';
import type { Family } from './zone.ts';

export type Kind = 'SRV' | Family;

/** The longest wait for an answer. */
const DEADLINE_MS = 5000;

export type Outcome = readonly string[] | 'none' | 'failed';

export interface Question {
  kind: Kind;
  name: string;
  askedAt: number;
  /** What came in time: records, `none` when there are none, `failed` otherwise; undefined as long as nothing did. */
  outcome?: Outcome;
  /** The server said that there is none, and there was. */
  lied?: boolean;
}

export interface Answer {
  /** Sorted, and '' for none. */
  addresses: string;
  /** Which listing of the service was the latest then. */
  listing: number;
}

/** One round of questions: the service, then every name that it has. */
export interface Poll {
  askedAt: number;
  questions: Question[];
}

/** What DNS told its client, poll by poll. The model writes it, the validator reads it. */
export class DnsContact {
  readonly polls: Poll[] = [];
  /** The names of the service, each time that it was answered. */
  readonly listings: ReadonlySet<string>[] = [];
  /** Answers about a name in one family. */
  readonly #answers = new Map<string, Answer[]>();
  listedAt: number | undefined;
  answeredAt = 0;
  onPoll: (poll: Poll, previous: Poll | undefined) => void = () => {};
  #clock: SimulatedClock;

  constructor(clock: SimulatedClock) {
    this.#clock = clock;
  }

  asked(kind: Kind, name: string): Question {
    const question = { kind, name, askedAt: this.#clock.now() };
    if (kind === 'SRV') {
      const poll = { askedAt: question.askedAt, questions: [] };
      this.onPoll(poll, this.polls.at(-1));
      this.polls.push(poll);
    }
    this.polls.at(-1)?.questions.push(question);
    return question;
  }

  /** An answer that comes too late was no answer. */
  answered(question: Question, outcome: Outcome): void {
    if (this.#clock.now() - question.askedAt >= DEADLINE_MS) return;
    question.outcome = outcome;
    this.answeredAt = this.#clock.now();
    const { kind, name } = question;
    if (kind === 'SRV') {
      if (typeof outcome === 'string') return;
      this.listings.push(new Set(outcome));
      this.listedAt = this.#clock.now();
    } else if (outcome !== 'failed') {
      const addresses = outcome === 'none' ? '' : [...outcome].sort().join(' ');
      this.answers(kind, name).push({ addresses, listing: this.listings.length - 1 });
    }
  }

  answers(family: Family, name: string): Answer[] {
    const key = `${family} ${name}`;
    const known = this.#answers.get(key) ?? [];
    this.#answers.set(key, known);
    return known;
  }

  /** Answers since the name was last listed anew, as of a listing: who left is forgotten. */
  recentAnswers(family: Family, name: string, listing: number): Answer[] {
    let anew = listing;
    while (anew > 0 && this.listings[anew - 1]!.has(name)) anew -= 1;
    return this.answers(family, name).filter((answer) => answer.listing >= anew);
  }

  /** Whether a poll, now over, told everything: every name has an address, and no question failed. */
  static good({ questions }: Poll): boolean {
    const [service, ...others] = questions;
    const names = service?.outcome;
    if (names === undefined || typeof names === 'string') return false;
    const failed = others.some(({ outcome }) => outcome === undefined || outcome === 'failed');
    if (failed || others.length < 2 * new Set(names).size) return false;
    const found = new Set(others.filter(({ outcome }) => outcome !== 'none').map(({ name }) => name));
    return names.every((name) => found.has(name));
  }
}
