/** The most texts that are kept: more than a cluster has nodes and zones. With one more, the collection begins anew. */
const MAX_TEXTS = 10_000;

/**
 * Keeps one copy of a text that many members have: each line of JSON brings another one. Whether a text is
 * sound is asked once, since a slice of a hundred endpoints has a handful of nodes and zones.
 */
export class SharedTexts {
  #sound = new Map<(text: string) => boolean, Map<string, string>>();

  /** The copy of a text that `is` accepts; undefined where it does not. */
  of(text: string, is: (text: string) => boolean): string | undefined {
    const texts = this.#textsOf(is);
    const known = texts.get(text);
    if (known !== undefined) return known;
    if (!is(text)) return undefined;
    if (texts.size >= MAX_TEXTS) texts.clear();
    texts.set(text, text);
    return text;
  }

  #textsOf(is: (text: string) => boolean): Map<string, string> {
    const known = this.#sound.get(is);
    if (known !== undefined) return known;
    const texts = new Map<string, string>();
    this.#sound.set(is, texts);
    return texts;
  }
}
