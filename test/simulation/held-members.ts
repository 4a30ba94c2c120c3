import type { Delta, Member } from '../../src/watcher/protocol.ts';
import { canonical } from './expectation.ts';
import type { Membership, Report } from './ledger.ts';

/** The members that a reader holds, line by line, and the changes that a line may make to them. */
export class HeldMembers {
  readonly #members = new Map<string, string>();
  readonly #names = new Map<string, string>();
  #report: Report;

  constructor(report: Report) {
    this.#report = report;
  }

  get all(): Membership {
    return this.#members;
  }

  replace(members: readonly Member[]): void {
    this.#members.clear();
    this.#names.clear();
    for (const member of members) {
      if (this.#members.has(member.uid)) this.#report('duplicate', `${member.uid} twice in a snapshot`);
      this.#hold(member);
    }
  }

  apply({ revision, left, joined, changed }: Delta): void {
    const at = `delta ${revision}`;
    if (left.length + joined.length + changed.length === 0) this.#report('duplicate', `${at} is empty`);
    for (const member of left) this.#leave(member, at);
    for (const member of joined) {
      const known = this.#members.has(member.uid);
      if (known) this.#report('duplicate', `${at}: ${member.uid} joined, and was there`);
      this.#hold(member);
    }
    for (const member of changed) this.#change(member, at);
  }

  #leave(member: Member, at: string): void {
    const known = this.#members.get(member.uid);
    if (known === undefined) this.#report('duplicate', `${at}: ${member.uid} left, and was not there`);
    else if (known !== canonical(member)) {
      this.#report('truth', `${at}: ${member.uid} left as what it never was`);
    }
    this.#members.delete(member.uid);
    this.#names.delete(member.uid);
  }

  #change(member: Member, at: string): void {
    const known = this.#members.get(member.uid);
    if (known === undefined) this.#report('identity', `${at}: ${member.uid} changed, and was not there`);
    else if (known === canonical(member)) {
      this.#report('duplicate', `${at}: ${member.uid} changed into itself`);
    }
    const name = this.#names.get(member.uid);
    if (name !== undefined && name !== member.name) {
      this.#report('identity', `${at}: ${member.uid} was ${name} and is ${member.name}`);
    }
    this.#hold(member);
  }

  #hold(member: Member): void {
    this.#members.set(member.uid, canonical(member));
    this.#names.set(member.uid, member.name);
  }
}
