import type { Delta, Member } from '../protocol.ts';
import type { WaitCondition } from '../texts/wait-condition.ts';
import type { View } from './output.ts';

/** The count of members that a condition asks for. It is kept by the change, and never by walking all members. */
export class Headcount {
  readonly #condition: WaitCondition;
  #have = 0;
  #view: View | undefined;

  constructor(condition: WaitCondition) {
    this.#condition = condition;
  }

  /** The number of members that count. */
  get have(): number {
    return this.#have;
  }

  /** The number of members that have to count; null while nobody says how many the group is to have. */
  get wanted(): number | null {
    return this.#condition.wanted(this.#view?.expected ?? null);
  }

  /** The view of the watch; undefined before the first complete answer. */
  get view(): View | undefined {
    return this.#view;
  }

  get met(): boolean {
    return this.#view !== undefined && this.wanted !== null && this.#have >= this.wanted;
  }

  synced(view: View): void {
    this.#view = view;
    this.#add([...view.members.values()], 1);
  }

  changed({ left, joined, changed }: Delta, was: readonly Member[]): void {
    this.#add(left, -1);
    this.#add(was, -1);
    this.#add(joined, 1);
    this.#add(changed, 1);
  }

  #add(members: readonly Member[], by: 1 | -1): void {
    for (const member of members) if (this.#condition.counts(member)) this.#have += by;
  }
}
