import type { MembershipEvent } from '../../watcher/membership/membership.ts';
import { Union, type UnionChange } from '../../watcher/membership/union.ts';
import type { Member } from '../../watcher/protocol.ts';
import { Truths } from '../sidecars/truths.ts';
import type { Happening } from './rows.ts';

export interface Happened {
  what: Happening;
  name: string;
  text: string;
}

/** The longest time between the end of a pod and its successor of the same name that counts as a restart. */
const RESTART_MS = 600_000;

/** One group by the API's word: who is in it, what was true before, and what happened. */
export class WatchedGroupView {
  readonly truths = new Truths();
  #union = new Union();
  /** Whether its first list is complete; before that nothing has happened. */
  #begun = false;
  #leftAt = new Map<string, number>();

  get members(): ReadonlyMap<string, Member> {
    return this.#union.members;
  }

  get known(): boolean {
    return this.#begun;
  }

  /** Takes what the API says; the result is what that means for people. `now` is in milliseconds. */
  apply(event: MembershipEvent, now: number): Happened[] {
    this.#union.apply(event);
    return this.#settle(now);
  }

  /** Notes that the list is complete: members that are there by now were there before. */
  begin(now: number): void {
    this.#union.change();
    this.#begun = true;
    this.truths.note(this.members.values(), now);
  }

  #settle(now: number): Happened[] {
    if (!this.#begun) return [];
    const change = this.#union.change();
    if (change === undefined) return [];
    this.truths.note(this.members.values(), now);
    return this.#happened(change, now);
  }

  #happened({ left, joined, changed, was }: UnionChange, now: number): Happened[] {
    for (const [name, at] of this.#leftAt) if (now - at > RESTART_MS) this.#leftAt.delete(name);
    const gone = left.map(({ name }) => ({ what: 'left' as const, name, text: 'left the group' }));
    for (const { name } of left) this.#leftAt.set(name, now);
    const came = joined.map(({ name, ready }) => {
      const readiness = ready ? 'ready' : 'not ready yet';
      if (!this.#leftAt.delete(name)) return { what: 'joined' as const, name, text: `joined, ${readiness}` };
      return {
        what: 'restarted' as const,
        name,
        text: `is back as another pod of the same name, ${readiness}`,
      };
    });
    const turned = changed.flatMap(({ name, ready, terminating }, index) => {
      if (was[index]!.ready === ready) return [];
      const text = ready ? 'is ready' : terminating ? 'is leaving' : 'is not ready';
      return [{ what: ready ? ('ready' as const) : ('not-ready' as const), name, text }];
    });
    return [...gone, ...came, ...turned];
  }
}
