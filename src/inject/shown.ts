/** Names and values as the sentences show them. They come from users, and can be as long as a pod. */
import { visible } from '../visible.ts';

/** The most characters of a name that a sentence shows. */
const SHOWN_CHARACTERS = 100;
/** The most names that a sentence shows; the others are counted. */
const SHOWN_NAMES = 10;

/** Returns the text, or its beginning and its end when it has more characters than that. */
export function cut(text: string, characters: number): string {
  if (text.length <= characters) return text;
  const tail = Math.floor(characters / 2);
  return `${text.slice(0, characters - tail)}...${text.slice(text.length - tail)}`;
}

/** Returns a name or a value on one line, and of a long one the beginning. */
export function shown(text: string): string {
  const visibly = visible(text.slice(0, SHOWN_CHARACTERS + 1));
  return visibly.length <= SHOWN_CHARACTERS ? visibly : `${visibly.slice(0, SHOWN_CHARACTERS)}...`;
}

/** Returns the first names of a list, and how many more there are. */
export function shownAll(texts: readonly string[]): string {
  const first = texts.slice(0, SHOWN_NAMES).map(shown).join(', ');
  return texts.length > SHOWN_NAMES ? `${first} and ${texts.length - SHOWN_NAMES} more` : first;
}
