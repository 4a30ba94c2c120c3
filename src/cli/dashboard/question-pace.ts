/** The questions a second, which are as many as kubectl asks an API server. */
const A_SECOND = 50;
export const TICK_MS = 1000 / A_SECOND;
/** The pause until a sidecar is asked again. A shorter one would make no difference to a person. */
const AGAIN_MS = 2000;
/** The most questions at once. A sidecar whose node is gone holds up none of the others. */
const AT_ONCE = 16;

/**
 * Decides which sidecar is asked next: the one that was not asked for the longest time. However many sidecars
 * there are, the API server gets no more than `A_SECOND` questions a second.
 */
export class QuestionPace {
  #askedAt = new Map<string, number>();
  #asking = new Set<string>();

  /** Returns the one to ask now; undefined while it is too soon for all of them. */
  next(sidecars: Iterable<string>, now: number): string | undefined {
    if (this.#asking.size >= AT_ONCE) return undefined;
    let chosen: string | undefined;
    let oldest = now - AGAIN_MS;
    for (const one of sidecars) {
      const at = this.#askedAt.get(one) ?? Number.NEGATIVE_INFINITY;
      // The first one is taken of those that have waited equally long.
      if (this.#asking.has(one) || at > oldest || (chosen !== undefined && at === oldest)) continue;
      [chosen, oldest] = [one, at];
    }
    if (chosen !== undefined) {
      this.#asking.add(chosen);
      this.#askedAt.set(chosen, now);
    }
    return chosen;
  }

  answered(one: string): void {
    this.#asking.delete(one);
  }

  /** Forgets whoever is not there any more. */
  keep(sidecars: { has(one: string): boolean }): void {
    for (const one of this.#askedAt.keys()) if (!sidecars.has(one)) this.#askedAt.delete(one);
  }
}
