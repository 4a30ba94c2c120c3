import type { Rule } from './rules.ts';

export type Report = (rule: Rule, message: string) => void;

/** Canonical members by uid. */
export type Membership = ReadonlyMap<string, string>;

export interface Entry {
  revision: number;
  /** When it was first reported to anyone. */
  at: number;
  members: Membership;
}

/** Whether a membership may follow another, by what upstream had and told. */
export type Judge = (entry: Entry, previous: Entry | undefined) => void;

/** Every revision that was ever reported, each judged once, however many read it. */
export class Ledger {
  latest: Entry | undefined;
  #entries = new Map<number, Entry>();
  #judge: Judge;
  #report: Report;

  constructor(judge: Judge, report: Report) {
    this.#judge = judge;
    this.#report = report;
  }

  entry(revision: number): Entry | undefined {
    return this.#entries.get(revision);
  }

  /** A reader holds this after a snapshot or a delta. */
  held(revision: number, members: Membership, at: number): void {
    const known = this.#entries.get(revision);
    if (known !== undefined) {
      if (!same(known.members, members)) {
        this.#report('agreement', `revision ${revision} is not what another reader was told`);
      }
      return;
    }
    const entry = { revision, at, members: new Map(members) };
    this.#judge(entry, this.latest);
    this.#entries.set(revision, entry);
    if (revision > (this.latest?.revision ?? 0)) this.latest = entry;
  }
}

function same(a: Membership, b: Membership): boolean {
  if (a.size !== b.size) return false;
  for (const [uid, member] of a) if (b.get(uid) !== member) return false;
  return true;
}
