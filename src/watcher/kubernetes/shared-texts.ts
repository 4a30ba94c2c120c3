/** More different texts than a cluster has nodes and zones; past that, it begins anew. */
const MAX_TEXTS = 10_000;

/** Keeps one copy of a text that many members have: each line of JSON brings another one. */
export class SharedTexts {
  #texts = new Map<string, string>();

  of(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= MAX_TEXTS) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }
}
